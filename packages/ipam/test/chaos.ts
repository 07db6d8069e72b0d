/** Workers of several nodes over one store, at random moments, with crashes; and a ledger that sees an address twice. */
import { formatAddress, parsePrefix } from '@tortie/ip';
import type { Store } from '@tortie/store';
import { interceptStore } from '@tortie/store/testing';
import { type Assignment, Ipam, IpamError } from '../src/index.js';

/** Thrown out of every store call of a crashed process. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Who has which address, as the workers know it. */
export class Ledger {
  readonly #holders = new Map<string, string>();
  assigned = 0;

  /** Throws where an address is with another handle. */
  took(assignments: readonly Assignment[], handle: string): void {
    for (const { address } of assignments) {
      const text = formatAddress(address);
      const holder = this.#holders.get(text);
      if (holder !== undefined && holder !== handle) throw new Error(`${text} is with ${holder} and with ${handle}`);
      if (holder === undefined) this.assigned++;
      this.#holders.set(text, handle);
    }
  }

  /** To be called before the release: from then on another may have it. */
  letGo(handle: string): void {
    for (const [address, holder] of this.#holders) if (holder === handle) this.#holders.delete(address);
  }
}

export interface ChaosOptions {
  readonly store: Store;
  readonly nodes: number;
  /** Operations per node. */
  readonly operations: number;
  readonly random: () => number;
  /** Probability of a crash per store call. */
  readonly crashes: number;
}

const EXPECTED = new Set(['ERR_IPAM_POOL_FULL', 'ERR_IPAM_BLOCK_LIMIT', 'ERR_IPAM_ADDRESS_IN_USE', 'ERR_IPAM_BLOCK']);

/** Runs everything to the end and gives how much happened. Throws where an address was given twice. */
export async function runChaos(options: ChaosOptions): Promise<{ assigned: number; crashes: number; refused: number }> {
  const { store, random } = options;
  const clock = { now: 1_700_000_000_000 };
  const ledger = new Ledger();
  const counts = { crashes: 0, refused: 0 };
  const pick = (below: number): number => Math.floor(random() * below);

  const start = (): Ipam => {
    let crashed = false;
    const hazard = async (): Promise<void> => {
      for (let turn = pick(6); turn > 0; turn--) await Promise.resolve();
      if (!crashed && random() < options.crashes) {
        crashed = true;
        counts.crashes++;
      }
      if (crashed) throw new Crash('the process is gone');
    };
    return new Ipam({
      store: interceptStore(store, { before: hazard, after: hazard }),
      now: () => clock.now++,
      random,
    });
  };

  const setUp = new Ipam({ store, now: () => clock.now });
  await setUp.pools.create({ name: 'a', cidr: parsePrefix('10.0.0.0/27'), blockSize: 30 });
  await setUp.pools.create({ name: 'b', cidr: parsePrefix('fd00::/124'), blockSize: 126 });
  await setUp.configure({ cooldownS: 0, maxBlocksPerHost: 3 });

  async function work(node: string): Promise<void> {
    let ipam = start();
    const live: string[] = [];
    const step = async (at: number): Promise<void> => {
      const choice = random();
      const handle = choice < 0.1 && live.length > 0 ? live[pick(live.length)]! : `${node}-${at}`;
      if (choice < 0.55) {
        live.push(handle);
        const count6 = pick(2);
        ledger.took(await ipam.assign({ node, handle, count4: 1 + pick(2), count6 }), handle);
      } else if (choice < 0.62) {
        live.push(handle);
        const address = { version: 4, a: (0x0a000000 + pick(32)) >>> 0, b: 0, c: 0, d: 0 } as const;
        ledger.took([await ipam.assignAddress({ node, handle, address })], handle);
      } else if (choice < 0.93 && live.length > 0) {
        const [gone] = live.splice(pick(live.length), 1);
        ledger.letGo(gone!);
        await release(gone!);
      } else {
        const [block] = await ipam.blocksOf(node);
        if (block) await ipam.releaseBlock(node, block.cidr);
      }
    };
    const release = async (handle: string): Promise<void> => {
      for (;;) {
        try {
          await ipam.release({ handle });
          return;
        } catch (error) {
          if (!(error instanceof Crash)) throw error;
          await restart();
        }
      }
    };
    const restart = async (): Promise<void> => {
      for (;;) {
        ipam = start();
        try {
          await ipam.repair({ node });
          return;
        } catch (error) {
          if (!(error instanceof Crash)) throw error;
        }
      }
    };
    for (let at = 0; at < options.operations; at++) {
      try {
        await step(at);
      } catch (error) {
        if (error instanceof Crash) await restart();
        else if (error instanceof IpamError && EXPECTED.has(error.code)) counts.refused++;
        else throw error;
      }
    }
    await restart();
  }

  await Promise.all(Array.from({ length: options.nodes }, (_, at) => work(`node-${at}`)));
  return { assigned: ledger.assigned, ...counts };
}
