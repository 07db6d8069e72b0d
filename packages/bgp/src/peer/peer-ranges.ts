/**
 * Dynamic peers: whoever connects from inside a prefix becomes a peer with the range's settings, and ceases to be one some
 * time after its session has ended and its last stale route is gone.
 */
import { type Address, formatPrefix, isLinkLocal, type Prefix, prefixContains, prefixesEqual } from '@tortie/ip';
import { type PeerConfig, type ResolvedPeerConfig, resolvePeerConfig, type SpeakerIdentity } from '../config.js';
import { type ChangeImpact, classifyChange, stronger } from '../config-change.js';
import { BgpConfigError } from '../config-error.js';
import type { Peer } from './peer.js';
import { formatScoped } from './peer-directory.js';
import { Timer, type TimerQueue } from './timer-queue.js';

export interface PeerRangeConfig {
  readonly name: string;
  readonly prefix: Prefix;
  /** Most peers at once. Default 256. */
  readonly limit?: number;
  /** TCP-MD5 key of the whole prefix: whoever connects from inside has to have it, peers of their own as well. RFC 2385. */
  readonly password?: string;
  /** What each of them is configured with. They are passive. */
  readonly peer: Omit<PeerConfig, 'name' | 'remoteAddress' | 'passive' | 'password' | 'remotePort'>;
}

/** TCP-MD5 keys of prefixes that change with a range: those that go, then the one that comes. */
export function keyChanges(
  before: PeerRangeConfig | undefined,
  after: PeerRangeConfig | undefined,
): { readonly prefix: Prefix; readonly password: string | undefined }[] {
  const place = before && after && prefixesEqual(before.prefix, after.prefix);
  if (place && before.password === after.password) return [];
  const goes = before?.password !== undefined && !(place && after.password !== undefined);
  return [
    ...(goes ? [{ prefix: before.prefix, password: undefined }] : []),
    ...(after?.password !== undefined ? [{ prefix: after.prefix, password: after.password }] : []),
  ];
}

/** A dynamic peer without a session is forgotten after this time; its counters and causes can be read until then. */
const FORGET_MS = 10_000;

interface Range {
  config: PeerRangeConfig;
  readonly members: Map<Peer, Timer>;
}

/** Whether who connects from this address, and from this interface where the address is a link-local one, is of the range. */
const covers = ({ prefix, peer }: PeerRangeConfig, address: Address, device: string | undefined): boolean =>
  prefix.version === address.version &&
  prefixContains(prefix, address) &&
  (peer.device === undefined || device === undefined || peer.device === device);

export class PeerRanges {
  readonly #timers: TimerQueue;
  readonly #identity: SpeakerIdentity;
  readonly #forget: (peer: Peer) => void;
  readonly #ranges = new Map<string, Range>();
  readonly #rangeOf = new Map<Peer, Range>();

  constructor(timers: TimerQueue, identity: SpeakerIdentity, forget: (peer: Peer) => void) {
    this.#timers = timers;
    this.#identity = identity;
    this.#forget = forget;
  }

  get(name: string): PeerRangeConfig | undefined {
    return this.#ranges.get(name)?.config;
  }

  /** Throws BgpConfigError. */
  add(range: PeerRangeConfig): void {
    if (this.#ranges.has(range.name)) throw new BgpConfigError(`there is a range "${range.name}" already`, 'name');
    this.#check(range);
    this.#ranges.set(range.name, { config: range, members: new Map() });
  }

  /**
   * Changes a range: its peers get the new settings by `apply`, those outside of a new prefix go; a new limit is for
   * those who come. Gives the strongest that happened to one. Throws BgpConfigError; then nothing has changed.
   */
  update(range: PeerRangeConfig, apply: (peer: Peer, config: ResolvedPeerConfig) => ChangeImpact): ChangeImpact {
    const present = this.#ranges.get(range.name);
    if (!present) throw new BgpConfigError(`there is no range "${range.name}"`, 'name');
    this.#check(range);
    const before = present.config;
    present.config = range;
    let impact: ChangeImpact =
      before.limit === range.limit && prefixesEqual(before.prefix, range.prefix) ? 'none' : 'applied';
    for (const peer of [...present.members.keys()]) {
      const { remoteAddress } = peer.config;
      const device = isLinkLocal(remoteAddress) ? peer.config.device : undefined;
      const stays = covers(range, remoteAddress, device);
      impact = stronger(impact, stays ? apply(peer, this.#resolve(range, remoteAddress, device)) : 'session-reset');
      if (!stays) this.#forget(peer);
    }
    // Without peers it is said what would have happened to one.
    return present.members.size > 0 || impact === 'session-reset'
      ? impact
      : stronger(
          impact,
          classifyChange(this.#resolve(before, range.prefix), this.#resolve(range, range.prefix)).impact,
        );
  }

  /** Its peers go as well. False where there is no such range. */
  remove(name: string): boolean {
    const range = this.#ranges.get(name);
    if (!range) return false;
    this.#ranges.delete(name);
    for (const peer of [...range.members.keys()]) this.#forget(peer);
    return true;
  }

  /** What a connection from this address becomes: a configuration, why it is refused, or undefined outside all ranges. */
  match(address: Address, device?: string): ResolvedPeerConfig | string | undefined {
    let best: Range | undefined;
    for (const range of this.#ranges.values()) {
      if (!covers(range.config, address, device)) continue;
      if (!best || range.config.prefix.length > best.config.prefix.length) best = range;
    }
    if (!best) return undefined;
    const { limit = 256, prefix } = best.config;
    if (best.members.size >= limit) return `the range ${formatPrefix(prefix)} has its ${limit} peers already`;
    return this.#resolve(best.config, address, device);
  }

  /** Remembers a peer that match() gave the configuration of. */
  join(peer: Peer): void {
    const { remoteAddress, device } = peer.config;
    const name = peer.config.name.slice(0, -formatScoped(remoteAddress, device).length - 1);
    const range = this.#ranges.get(name);
    if (!range) return;
    range.members.set(peer, new Timer(() => this.#expire(peer)));
    this.#rangeOf.set(peer, range);
  }

  /** Whether it was of a range. */
  leave(peer: Peer): boolean {
    const range = this.#rangeOf.get(peer);
    const timer = range?.members.get(peer);
    if (timer) this.#timers.stop(timer);
    range?.members.delete(peer);
    return this.#rangeOf.delete(peer);
  }

  /** Something changed about a peer: without a session and routes it is on its way out. */
  progress(peer: Peer, nowMs: number): void {
    const timer = this.#rangeOf.get(peer)?.members.get(peer);
    if (!timer) return;
    if (peer.isInUse) this.#timers.stop(timer);
    else this.#timers.start(timer, nowMs + FORGET_MS);
  }

  #expire(peer: Peer): void {
    if (!peer.isInUse) this.#forget(peer);
  }

  /** Throws BgpConfigError. The first address stands for all: what is wrong with it is wrong with the range. */
  #check(range: PeerRangeConfig): void {
    const { limit = 256, prefix } = range;
    if (!Number.isInteger(limit) || limit < 1)
      throw new BgpConfigError(`limit is ${limit}; it must be 1 or more`, 'limit');
    this.#resolve(range, prefix);
  }

  #resolve(
    { name, peer, password }: PeerRangeConfig,
    remoteAddress: Address,
    device = peer.device,
  ): ResolvedPeerConfig {
    const place = { remoteAddress, ...(device !== undefined && { device }) };
    const key = password !== undefined && { password };
    const dynamic = {
      ...peer,
      ...place,
      ...key,
      name: `${name}/${formatScoped(remoteAddress, device)}`,
      passive: true,
    };
    return resolvePeerConfig(dynamic, this.#identity);
  }
}
