import { enterNamespaces } from '@tortie/lab';
import { etcdMissing } from '@tortie/store/testing/etcd';
import t from 'tap';
import { runLinearizability } from './stores/linearizability.js';

await enterNamespaces();
t.setTimeout(300_000);

t.test(
  'no address is given to two and none is lost while clients and members of etcd die and are cut off',
  { skip: etcdMissing },
  async (t) => {
    const seed = Number(process.env.TORTIE_SEED ?? Date.now() % 1_000_000);
    t.comment(`seed ${seed}; TORTIE_SEED=${seed} makes the same faults`);
    const { contradictions, operations, final, kills } = await runLinearizability({ seed, clients: 5, faults: 6 });
    t.strictSame(contradictions, [], `seed ${seed}`);
    const count = (outcome: string): number => operations.filter((one) => one.outcome === outcome).length;
    const figures = `${operations.length} operations, ${count('unknown')} without an answer, ${count('refused')} refused, ${kills} clients killed, ${final.assignments.length} addresses at the end`;
    t.comment(figures);
    t.ok(kills > 0 && count('ok') > 0 && count('unknown') > 0 && final.assignments.length > 0, figures);
  },
);
