/**
 * Which router at the far end of an interface is the peer. Pure: what is heard goes in with its time.
 *
 * Usually there is one. Where several are heard, the one with a session under way stays; else it is the one heard last,
 * and what says that it is a router goes before what only the kernel's neighbour table knows, or
 * what has called us. So a neighbour that comes back with
 * another address is followed, and among strangers each gets its turn.
 */
import { type Address, formatAddress } from '@tortie/ip';

export type HeardBy = 'router-advertisement' | 'neighbour-table' | 'connection';

export interface Heard {
  readonly address: Address;
  readonly by: HeardBy;
  /** Milliseconds since 1970. */
  readonly lastMs: number;
}

/** Whoever is on the link can invent addresses; so many are remembered. */
const REMEMBERED = 16;

export class InterfaceNeighbour {
  /** By address, oldest first. */
  readonly #heard = new Map<string, Known>();
  #chosen: string | undefined;

  /** All that were heard. */
  get heard(): readonly Heard[] {
    return [...this.#heard.values()];
  }

  /** An advertisement counts more than the table, however old it is. */
  hear(address: Address, by: HeardBy, nowMs: number): void {
    const key = formatAddress(address);
    const before = this.#heard.get(key);
    this.#heard.delete(key);
    const how = before?.by === 'router-advertisement' ? before.by : by;
    this.#heard.set(key, { address, by: how, lastMs: nowMs, silent: false });
    if (this.#heard.size <= REMEMBERED) return;
    for (const oldest of this.#heard.keys()) {
      if (oldest === this.#chosen) continue;
      this.#heard.delete(oldest);
      return;
    }
  }

  /** The kernel has asked for it on the link and got no answer. Counts as soon as another is heard. */
  silence(address: Address): void {
    const key = formatAddress(address);
    const known = this.#heard.get(key);
    if (known) this.#heard.set(key, { ...known, silent: true });
  }

  /** The interface is down: whoever is there afterwards may be another. */
  forget(): void {
    this.#heard.clear();
    this.#chosen = undefined;
  }

  /** `engaged`: a session with this address is under way. */
  choose(engaged: (address: Address) => boolean): Heard | undefined {
    const chosen = this.#chosen === undefined ? undefined : this.#heard.get(this.#chosen);
    if (chosen && !chosen.silent && engaged(chosen.address)) return chosen;
    let best: Known | undefined;
    for (const one of this.#heard.values()) if (!best || goesBefore(one, best)) best = one;
    this.#chosen = best && formatAddress(best.address);
    return best;
  }
}

type Known = Heard & { readonly silent: boolean };

function goesBefore(x: Known, y: Known): boolean {
  if (x.silent !== y.silent) return !x.silent;
  const [said, saidY] = [x, y].map(({ by }) => by === 'router-advertisement');
  if (said !== saidY) return said === true;
  return x.lastMs >= y.lastMs;
}
