import t from 'tap';
import { enterNamespaces } from '../src/index.js';
import { converges, endsBy } from './converge.js';

await enterNamespaces();

t.test('rack converges, says so in one JSON document, and leaves nothing', (t) => converges(t, 'rack'));
t.test('SIGTERM ends a live rack with exit 0 and leaves nothing', (t) => endsBy(t, 'SIGTERM', 'rack'));
