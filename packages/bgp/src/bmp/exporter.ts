/** All BMP collectors of a speaker, and which connection is whose. */
import { BgpConfigError } from '../config-error.js';
import type { Cause } from '../fsm/cause.js';
import { BmpCollector, type BmpCollectorView, type CollectorHost } from './collector.js';
import { type BmpCollectorConfig, resolveBmpCollector } from './config.js';
import { peerDownReason } from './peer-down.js';
import type { MonitoredSession, SessionMonitor } from './session-monitor.js';

const NOTHING: readonly Uint8Array[] = [];

export class BmpExporter implements SessionMonitor {
  readonly #host: CollectorHost;
  readonly #setTime: (nowMs: number) => void;
  readonly #collectors = new Map<string, BmpCollector>();
  readonly #connections = new Map<number, BmpCollector>();

  /** `setTime` makes a time that of the input being handled. */
  constructor(host: CollectorHost, setTime: (nowMs: number) => void) {
    this.#host = host;
    this.#setTime = setTime;
  }

  /** Throws BgpConfigError. */
  add(collector: BmpCollectorConfig, nowMs: number): void {
    this.#setTime(nowMs);
    const config = resolveBmpCollector(collector);
    if (this.#collectors.has(config.name)) {
      throw new BgpConfigError(`there is a BMP collector "${config.name}" already`, 'name');
    }
    const added = new BmpCollector(this.#host, this.#connections, config);
    this.#collectors.set(config.name, added);
    added.dial();
  }

  /** The collector gets a Termination. False where there is none of this name. */
  remove(name: string, nowMs: number): boolean {
    this.#setTime(nowMs);
    return this.#remove(name);
  }

  #remove(name: string): boolean {
    this.#collectors.get(name)?.stop();
    return this.#collectors.delete(name);
  }

  /** The end of the speaker. */
  close(): void {
    for (const name of [...this.#collectors.keys()]) this.#remove(name);
  }

  views(): readonly BmpCollectorView[] {
    return [...this.#collectors.values()].map((collector) => collector.view());
  }

  // ---- connections: those that are no collector's are ignored ----------------------------------------------------

  connected(connection: number): void {
    this.#connections.get(connection)?.connected(connection);
  }

  closed(connection: number, reason: string): void {
    const collector = this.#connections.get(connection);
    this.#connections.delete(connection);
    collector?.closed(reason);
  }

  stalled(connection: number, stalledS: number): void {
    this.#connections.get(connection)?.stalled(stalledS);
  }

  take(connection: number, maxOctets: number): readonly Uint8Array[] {
    return this.#connections.get(connection)?.take(maxOctets) ?? NOTHING;
  }

  // ---- sessions --------------------------------------------------------------------------------------------------

  sessionUp(session: MonitoredSession): void {
    for (const collector of this.#collectors.values()) collector.sessionUp(session);
  }

  sessionDown(ribPeer: number, cause: Cause, notification: Uint8Array | undefined): void {
    if (this.#collectors.size === 0) return;
    const why = peerDownReason(cause, notification);
    for (const collector of this.#collectors.values()) collector.sessionDown(ribPeer, why);
  }
}
