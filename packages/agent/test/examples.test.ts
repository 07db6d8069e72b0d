/** The configurations in examples/agents are ones the agent takes. */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { readConfig } from '../src/config/read-config.js';

const FOLDER = new URL('../../../../examples/agents/', import.meta.url);

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
t.ok(files.length > 5, `${files.length} files`);
for (const file of files) {
  t.doesNotThrow(
    () => readConfig({ text: readFileSync(new URL(file, FOLDER), 'utf8'), file, hostName: 'node-1' }),
    file,
  );
}
