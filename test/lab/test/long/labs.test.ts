/** The labs that `rack.test.ts` does not start. */
import t from 'tap';
import { enterNamespaces } from '../../src/index.js';
import { converges, endsBy } from '../converge.js';

await enterNamespaces();

for (const lab of ['dual-tor', 'reflector-pair', 'mesh-5', 'two-racks', 'unnumbered']) {
  t.test(`${lab} converges, says so in one JSON document, and leaves nothing`, (t) => converges(t, lab));
}
t.test('SIGINT ends a live dual-tor with exit 0 and leaves nothing', (t) => endsBy(t, 'SIGINT', 'dual-tor'));
