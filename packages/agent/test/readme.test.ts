import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { RESOURCES } from '../node/rest/resources.js';
import { readConfig } from '../src/config/read-config.js';
import { configReference } from './config-reference.js';

const FILE = new URL('../../README.md', import.meta.url);
const BEGIN = '<!-- reference: made from src/api/config.ts -->\n';
const END = '<!-- end of the reference -->';

const readme = readFileSync(FILE, 'utf8');

/** Formatters align the columns of tables; what is written in them stays. */
const plain = (text: string): string =>
  text
    .replace(/-{3,}/g, '---')
    .replace(/ *\| */g, '|')
    .replace(/\n+/g, '\n');

t.test('the configuration reference is that of the schema', async (t) => {
  const begin = readme.indexOf(BEGIN) + BEGIN.length;
  const end = readme.indexOf(END);
  t.ok(begin >= BEGIN.length && end > begin, 'the marks are there');
  const wanted = `\n${configReference()}\n`;
  if (process.env.TORTIE_WRITE_README) writeFileSync(FILE, readme.slice(0, begin) + wanted + readme.slice(end));
  else
    t.equal(
      plain(readme.slice(begin, end)),
      plain(wanted),
      'else: TORTIE_WRITE_README=1 node dist/test/readme.test.js',
    );
});

t.test('every YAML example of the README is a configuration the agent takes', async (t) => {
  const examples = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!);
  t.ok(examples.length > 0);
  for (const text of examples) {
    t.doesNotThrow(() => readConfig({ text, file: 'README.md', hostName: 'node-1' }));
  }
});

t.test('every path of the API is in the README', async (t) => {
  const paths = new Set<string>();
  const collect = (path: string) => void paths.add(path);
  const app = { get: collect, post: collect, put: collect, patch: collect, delete: collect };
  const context = new Proxy({}, { get: () => ({}) });
  for (const resource of RESOURCES)
    await (resource(context as never) as unknown as (target: typeof app) => Promise<void>)(app);
  t.ok(paths.size > 20, `${paths.size} paths`);
  for (const path of paths) t.ok(readme.includes(`\`${path}`) || readme.includes(` ${path}`), path);
});
