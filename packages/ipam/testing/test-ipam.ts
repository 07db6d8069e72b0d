/** Address management over a store in memory, with a clock that stands still until it is moved. */
import { MemoryStore, type MemoryStoreOptions } from '@tortie/store';
import { Ipam } from '../src/index.js';
import { prng } from './prng.js';

export interface TestIpam {
  readonly ipam: Ipam;
  readonly store: MemoryStore;
  /** Milliseconds since 1970; set it to move time. */
  readonly clock: { now: number };
  /** One more instance over the same store and clock, as in another process. */
  another(): Ipam;
}

export function testIpam(options: MemoryStoreOptions = {}): TestIpam {
  const clock = { now: 1_700_000_000_000 };
  const store = new MemoryStore(options);
  const random = prng(1);
  const another = (): Ipam => new Ipam({ store, now: () => clock.now, random });
  return { ipam: another(), store, clock, another };
}
