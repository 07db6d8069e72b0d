/** By what of a packet the kernel takes one of several next hops: a setting of the whole node, kept as configured. */
import { LinuxError } from '@tortie/linux';
import { ensureSysctl } from '@tortie/linux/node';
import type { EcmpHash as HashName } from '../../src/api/config.js';
import type { Journal } from '../journal.js';
import { ReconcileLoop, type Reconciler } from './reconcile-loop.js';

/** Documentation/networking/ip-sysctl.rst of Linux. */
const VALUES: Readonly<Record<HashName, number>> = { l3: 0, l4: 1, 'inner-l3': 2 };
const KEYS = ['net/ipv4/fib_multipath_hash_policy', 'net/ipv6/fib_multipath_hash_policy'];

export class EcmpHash implements Reconciler {
  readonly name = 'ecmp-hash';
  readonly #hash: HashName;
  readonly #journal: Journal;
  readonly #loop: ReconcileLoop;

  /** Nobody tells of changes, so the slow round looks after it. */
  constructor(hash: HashName, journal: Journal) {
    this.#hash = hash;
    this.#journal = journal;
    this.#loop = new ReconcileLoop(this, { journal });
    this.#loop.trigger();
  }

  async reconcile(): Promise<void> {
    const value = VALUES[this.#hash];
    for (const key of KEYS) {
      const changed = await ensureSysctl(key, value).catch(unlessMissing);
      if (changed)
        this.#journal.event({
          kind: 'fib',
          text: `set ${key} to ${value}`,
          cause: `kernel.ecmp.hash is ${this.#hash}`,
        });
    }
  }

  close(): Promise<void> {
    return this.#loop.close();
  }
}

/** A kernel without IPv6, or without multipath, has no such setting. */
const unlessMissing = (error: unknown): void => {
  if (!(error instanceof LinuxError && error.errnoName === 'ENOENT')) throw error;
};
