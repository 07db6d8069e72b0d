/** The examples of the README run. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import t from 'tap';

// From dist/test/node; inside the package its own name can be imported.
const root = new URL('../../../', import.meta.url);
const readme = await readFile(new URL('README.md', root), 'utf8');
const folder = new URL('dist/test/readme/', root);
await mkdir(folder, { recursive: true });

const blocks = [...readme.matchAll(/^### (.+)\n[^#]*?```ts\n([\s\S]*?)```/gm)];
t.ok(blocks.length >= 10);

const log = console.log;
for (const [index, [, title, code]] of blocks.entries()) {
  t.test(title!, async (t) => {
    const printed: unknown[] = [];
    console.log = (...values) => printed.push(values);
    t.teardown(() => {
      console.log = log;
    });
    const file = new URL(`example-${index}.mjs`, folder);
    await writeFile(file, code!);
    await t.resolves(import(pathToFileURL(fileURLToPath(file)).href));
    // What the comments promise.
    const promised = [...code!.matchAll(/^console\.log\(speaker\.updatePeer.*\/\/ (.+)$/gm)].map(([, text]) => [text]);
    if (promised.length > 0) t.same(printed, promised);
    if (title === 'Tests without a network') t.same(printed, [[true], [['hold timer expired']]]);
    if (title === 'Best routes, for a FIB') t.match(printed, [['10.244.7.0/26', String]]);
  });
}
