import { MemoryStore } from '@tortie/store';
import t from 'tap';
import { Ipam } from '../src/index.js';
import { prng } from '../testing/index.js';
import { runChaos } from './chaos.js';

// How long it takes is the machine's affair, not a fault.
t.setTimeout(300_000);

for (const multiKey of [true, false]) {
  for (const crashes of [0, 0.004]) {
    const kind = `${multiKey ? 'multi-key' : 'single-key'} store, ${crashes ? 'with' : 'without'} crashes`;
    t.test(`contending nodes never get an address twice: ${kind}`, async (t) => {
      const sum = { assigned: 0, crashes: 0, refused: 0 };
      for (let seed = 1; seed <= 5; seed++) {
        const store = new MemoryStore({ multiKey });
        const random = prng(seed);
        try {
          const ran = await runChaos({ store, nodes: 4, operations: 60, random, crashes });
          for (const key of ['assigned', 'crashes', 'refused'] as const) sum[key] += ran[key];
        } catch (error) {
          t.error(error as Error, `seed ${seed}`);
          return;
        }
        const ipam = new Ipam({ store, now: () => 0 });
        const { findings } = await ipam.check();
        if (findings.length > 0) t.same(findings, [], `seed ${seed}`);
      }
      t.comment(JSON.stringify(sum));
      t.ok(sum.assigned > 200, `${sum.assigned} addresses were assigned`);
      t.ok(sum.refused > 50, `${sum.refused} requests were refused`);
      if (crashes) t.ok(sum.crashes > 15, `${sum.crashes} crashes`);
    });
  }
}
