/** Plays MRT files into a BGP session: as fast as the peer reads, at a rate, or at the times of the records. */
import { networkInterfaces } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type Address, formatAddress, ipv6, isLinkLocal } from '@tortie/ip';
import {
  encodeMessage,
  endOfRib,
  FAMILIES,
  type Family,
  familyByName,
  type NegotiatedView,
  wireContext,
} from '../../src/index.js';
import {
  decodeMrt,
  type MrtError,
  MrtFilter,
  type MrtFilterOptions,
  type MrtFrame,
  type MrtPeer,
  type MrtRecord,
  type MrtReplayCounts,
  MrtReplayMessages,
  type MrtReplayUpdate,
  walkMrt,
} from '../../src/mrt/index.js';
import { runSpeaker } from '../run-speaker.js';
import type { RunningSpeaker } from '../running-speaker.js';
import { interfaceAddresses } from '../socket-endpoints.js';
import { mrtOctets } from './mrt-input.js';

export interface MrtReplayOptions {
  /** Played one after another. */
  readonly files: readonly string[];
  /** Whose routes: an address, or an AS number of which the files have one peer. */
  readonly peer: Address | number;
  readonly to: Address;
  readonly port?: number;
  readonly localAsn: number;
  readonly remoteAsn: number;
  readonly routerId: number;
  readonly localAddress?: Address;
  /** Our addresses on the interface of the session, the recorded ones, or these: one per IP version. Default self. */
  readonly nextHop?: 'self' | 'keep' | readonly Address[];
  /** Most routes in a second. */
  readonly rate?: number;
  /** Messages at the times of their records, this many times faster; table dumps without a pause. */
  readonly speed?: number;
  readonly holdTimeS?: number;
  /** Times that are wanted; other conditions are ignored. */
  readonly times?: Pick<MrtFilterOptions, 'fromS' | 'toS'>;
  /** Longest wait for the session. Default 60. */
  readonly connectS?: number;
  readonly damaged?: (file: string, error: MrtError) => void;
  readonly progress?: (event: MrtReplayProgress) => void;
  /** Ends the replay, and the session with it. */
  readonly signal?: AbortSignal;
}

export type MrtReplayProgress =
  /** An attempt to connect failed, in words. */
  | { readonly type: 'waiting'; readonly reason: string }
  | { readonly type: 'established'; readonly families: readonly string[] }
  /** All has gone out, End-of-RIB behind it. */
  | { readonly type: 'sent'; readonly counts: MrtReplayCounts; readonly seconds: number };

/** The session did not come up, or ended before everything was sent. */
export class MrtReplayError extends Error {
  override readonly name = 'MrtReplayError';
  readonly code = 'ERR_BGP_MRT_REPLAY';
}

const PEER = 'replay';
/** Octets that may wait in the socket: enough to keep it busy. */
const AHEAD_OCTETS = 1 << 18;

/** Resolves when everything is sent. The session stays until `close` of what it gives. Throws MrtReplayError, MrtFileError. */
export async function replayMrt(options: MrtReplayOptions): Promise<{ close(): Promise<void> }> {
  const { localAsn, remoteAsn, routerId, to, port = 179, localAddress, holdTimeS } = options;
  const speaker = await runSpeaker({ asn: localAsn, routerId, listen: [] });
  try {
    const replay = new Replay(speaker, options);
    speaker.addPeer({
      name: PEER,
      remoteAddress: to,
      remotePort: port,
      remoteAsn,
      connectRetryS: 1,
      // What the other side has is of no interest here.
      import: { terms: [], otherwise: 'reject' },
      ...(localAddress && { localAddress }),
      ...(holdTimeS !== undefined && { holdTimeS }),
    });
    await replay.run();
    return { close: () => speaker.close({ text: 'the replay is over' }) };
  } catch (error) {
    await speaker.close({ text: 'the replay has failed' });
    throw error;
  }
}

class Replay {
  readonly #speaker: RunningSpeaker;
  readonly #options: MrtReplayOptions;
  readonly #times: MrtFilter;
  #ended: string | undefined;
  #messages!: MrtReplayMessages;
  /** Of the files' peer index. */
  #peers: readonly MrtPeer[] = [];
  /** UPDATEs of the present chunk and the time of their records. */
  #queue: { readonly timeS: number; readonly updates: readonly MrtReplayUpdate[] }[] = [];
  #firstS: number | undefined;
  #startMs = 0;
  #sentRoutes = 0;
  /** When the first of the timed messages went. */
  #clockMs: number | undefined;

  constructor(speaker: RunningSpeaker, options: MrtReplayOptions) {
    this.#speaker = speaker;
    this.#options = options;
    this.#times = new MrtFilter(options.times);
  }

  async run(): Promise<void> {
    const { files, damaged, progress } = this.#options;
    const negotiated = await this.#establish();
    progress?.({ type: 'established', families: negotiated.families });
    this.#messages = new MrtReplayMessages(this.#target(negotiated));
    this.#startMs = performance.now();
    for (const file of files) {
      await walkMrt(mrtOctets(file), (frame) => this.#visit(frame), {
        damaged: (error) => damaged?.(file, error),
        pause: () => (this.#queue.length > 0 ? this.#play() : undefined),
      });
      await this.#play();
    }
    this.#queue.push({ timeS: 0, updates: this.#messages.flush() });
    await this.#play();
    for (const name of negotiated.families) {
      await this.#send(encodeMessage(endOfRib(familyByName(name)), wireContext()), 0);
    }
    await this.#drain(0);
    const seconds = (performance.now() - this.#startMs) / 1000;
    progress?.({ type: 'sent', counts: this.#messages.counts, seconds });
  }

  /** Waits for the session; afterwards its end ends the replay. */
  async #establish(): Promise<NegotiatedView> {
    const { connectS = 60, progress, signal } = this.#options;
    let reason = '';
    const up = new Promise<void>((resolve) => {
      this.#speaker.on('session', (event) => {
        if (event.to === 'established') resolve();
        if (event.from === 'established') this.#ended = event.reason ?? 'the session ended';
        else if (event.reason !== undefined && event.reason !== reason) {
          reason = event.reason;
          progress?.({ type: 'waiting', reason });
        }
      });
    });
    const late = new AbortController();
    const deadline = pause(connectS * 1000, undefined, { signal: late.signal, ref: true }).catch(() => {});
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([up, deadline, aborted]);
    late.abort();
    const negotiated = this.#speaker.peer(PEER)?.negotiated;
    if (negotiated) return negotiated;
    const { to, port = 179 } = this.#options;
    throw new MrtReplayError(
      `no session with ${formatAddress(to)} port ${port}${signal?.aborted ? '' : ` in ${connectS} s`}${reason && `: ${reason}`}`,
    );
  }

  #target({ fourOctetAs, extendedMessages, extendedNextHop, families }: NegotiatedView) {
    const { localAsn, remoteAsn } = this.#options;
    const context = wireContext({
      fourOctetAs,
      extendedMessages,
      peerType: localAsn === remoteAsn ? 'ibgp' : 'ebgp',
      families: FAMILIES.map(({ name }) => families.includes(name)),
      extendedNextHop: FAMILIES.map(() => extendedNextHop),
    });
    return { localAsn, remoteAsn, context, nextHop: (family: Family) => this.#nextHop(family) };
  }

  #nextHop({ version }: Family): Address | undefined {
    const { nextHop = 'self' } = this.#options;
    if (nextHop === 'keep') return undefined;
    const own = nextHop === 'self' ? this.#ownAddresses() : nextHop;
    const found = own.find((address) => address.version === version && !isLinkLocal(address));
    if (found) return found;
    // As the speaker does for routes of its own: the IPv4-mapped address.
    const mapped = version === 6 ? own.find((address) => address.version === 4) : undefined;
    return mapped && ipv6(0, 0, 0xffff, mapped.a);
  }

  /** Ours on the session, and the others of its interface. */
  #ownAddresses(): readonly Address[] {
    const local = this.#speaker.peer(PEER)?.localAddress;
    return local ? [local, ...interfaceAddresses(local, networkInterfaces())] : [];
  }

  #visit(frame: MrtFrame): void {
    const record = decodeMrt(frame);
    if (record.type === 'peer-index-table') this.#peers = record.peers;
    if (!this.#times.admitsTime(frame) || !this.#isWanted(record)) return;
    const updates = this.#messages.add(record, (index) => this.#isPeer(this.#peers[index]));
    const timeS = frame.timestampS + (frame.microseconds ?? 0) / 1e6;
    this.#firstS ??= record.type === 'message' ? timeS : undefined;
    if (updates.length > 0) this.#queue.push({ timeS: record.type === 'message' ? timeS : 0, updates });
  }

  #isWanted(record: MrtRecord): boolean {
    if (record.type === 'rib') return true;
    if (record.type !== 'message' && record.type !== 'table-dump') return false;
    return this.#isPeer({ address: record.peerAddress, asn: record.peerAsn });
  }

  #isPeer(peer: Pick<MrtPeer, 'address' | 'asn'> | undefined): boolean {
    const { peer: wanted } = this.#options;
    if (!peer) return false;
    if (typeof wanted === 'number') return peer.asn === wanted;
    return formatAddress(peer.address) === formatAddress(wanted);
  }

  async #play(): Promise<void> {
    const queue = this.#queue;
    this.#queue = [];
    const { speed, rate } = this.#options;
    for (const { timeS, updates } of queue) {
      if (speed !== undefined && timeS > 0) {
        this.#clockMs ??= performance.now();
        await this.#until(this.#clockMs + ((timeS - this.#firstS!) / speed) * 1000);
      }
      for (const update of updates) {
        if (rate !== undefined) await this.#until(this.#startMs + (this.#sentRoutes / rate) * 1000);
        this.#sentRoutes += update.routes;
        await this.#send(update.octets, AHEAD_OCTETS);
      }
    }
  }

  /** Until this time of the monotonic clock. */
  async #until(ms: number): Promise<void> {
    const { signal } = this.#options;
    const left = ms - performance.now();
    if (left > 1) await pause(left, undefined, { ...(signal && { signal }) }).catch(() => {});
  }

  async #send(update: Uint8Array, ahead: number): Promise<void> {
    this.#check();
    const waiting = this.#speaker.inject(PEER, update);
    if (waiting === undefined) throw new MrtReplayError(this.#ended ?? 'the session ended');
    if (waiting > ahead && ahead > 0) await this.#drain(ahead / 2);
  }

  async #drain(octets: number): Promise<void> {
    for (;;) {
      this.#check();
      const waiting = this.#speaker.inject(PEER, NOTHING);
      if (waiting === undefined || waiting <= octets) return;
      await pause(5);
    }
  }

  #check(): void {
    if (this.#options.signal?.aborted) throw new MrtReplayError('interrupted');
    if (this.#ended !== undefined) throw new MrtReplayError(`the session ended: ${this.#ended}`);
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
