/**
 * Remembers the kernel's drop counters as they stood when a peer began to be without a session: when it was configured,
 * changed so that its session starts anew, or lost its session. What came since is a hint at why it does not come up.
 * Nothing polls: the counters are read at these events, and when somebody asks.
 */
import type { RunningSpeaker } from '@tortie/bgp/node';
import type { KernelDrop, PeerSpec } from '../../src/api/peer.js';
import { type DropCounters, kernelDrops } from '../../src/peers/kernel-drops.js';

type Reading = Promise<DropCounters | undefined>;

export class DropWatch {
  readonly #read: () => Promise<DropCounters>;
  readonly #before = new Map<string, Reading>();
  #reading: Reading | undefined;

  /** `read` may fail, then there are no hints. */
  constructor(read: () => Promise<DropCounters>) {
    this.#read = read;
  }

  follow(speaker: Pick<RunningSpeaker, 'on'>): void {
    speaker.on('peer', ({ peer, change, impact }) => {
      if (change === 'removed') this.#before.delete(peer);
      else if (impact === 'session-reset') this.#before.set(peer, this.#now());
    });
    speaker.on('session', ({ peer, from }) => {
      if (from === 'established' && this.#before.has(peer)) this.#before.set(peer, this.#now());
    });
  }

  /** Dropped since the peer has been without a session. */
  async drops(spec: PeerSpec): Promise<KernelDrop[]> {
    const [before, now] = await Promise.all([this.#before.get(spec.name), this.#now()]);
    return before && now ? kernelDrops(spec, before, now) : [];
  }

  /** One reading for everybody who asks within a turn of the event loop: a thousand sessions may fall at once. */
  #now(): Reading {
    if (!this.#reading) {
      this.#reading = this.#read().catch(() => undefined);
      setImmediate(() => {
        this.#reading = undefined;
      });
    }
    return this.#reading;
  }
}
