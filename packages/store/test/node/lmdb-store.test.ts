import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { openLmdbStore } from '../../node/index.js';
import { storeConformance } from '../../testing/index.js';

const root = mkdtempSync(join(tmpdir(), 'tortie-store-'));
t.teardown(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
const suite = storeConformance(async (options) => openLmdbStore(join(root, String(count++)), options));
for (const { name, run } of suite) t.test(name, () => run());
