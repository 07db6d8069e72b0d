/** What is published of the kinds is what the code has: JSON Schemas, and the reference. TORTIE_WRITE_README=1 writes both. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { Compile } from 'typebox/compile';
import { jsonSchemaOf, jsonSchemaOfAll, KINDS, kindOf, readResource, schemaFile } from '../src/index.js';
import { parseYamlDocuments } from '../src/manifest/yaml-source.js';
import { resourceReference } from './resource-reference.js';

const ROOT = new URL('../../../../', import.meta.url);
const SCHEMAS = new URL('docs/schemas/', ROOT);
const PAGE = new URL('docs/RESOURCES.md', ROOT);
const BEGIN = '<!-- reference: made from packages/cluster/src/resource -->\n';
const END = '<!-- end of the reference -->';
const AGAIN = 'else: TORTIE_WRITE_README=1 node packages/cluster/dist/test/published.test.js';
const write = Boolean(process.env.TORTIE_WRITE_README);

const files = new Map<string, unknown>([
  ['tortie.json', jsonSchemaOfAll()],
  ...KINDS.map((kind) => [schemaFile(kind), jsonSchemaOf(kind)] as const),
]);

t.test('docs/schemas has a schema per kind, and one for every file', async (t) => {
  if (write) {
    mkdirSync(SCHEMAS, { recursive: true });
    for (const [file, schema] of files)
      writeFileSync(new URL(file, SCHEMAS), `${JSON.stringify(schema, undefined, 2)}\n`);
  }
  t.strictSame(readdirSync(SCHEMAS).sort(), [...files.keys()].sort(), AGAIN);
  for (const [file, schema] of files) {
    const published = JSON.parse(readFileSync(new URL(file, SCHEMAS), 'utf8'));
    t.strictSame(published, JSON.parse(JSON.stringify(schema)), `${file}; ${AGAIN}`);
  }
});

t.test('the reference in docs/RESOURCES.md is that of the schemas', async (t) => {
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN) + BEGIN.length;
  const end = page.indexOf(END);
  t.ok(begin >= BEGIN.length && end > begin, 'the marks are there');
  const wanted = `\n${resourceReference()}\n`;
  if (write) writeFileSync(PAGE, page.slice(0, begin) + wanted + page.slice(end));
  else t.equal(page.slice(begin, end), wanted, AGAIN);
});

/** Documents of manifests and examples, without what says nothing, which editors may find fault with. */
function documents(): { readonly kind?: string }[] {
  const folders = ['packages/cluster/test/fixtures/calico/', 'examples/resources/'];
  return folders.flatMap((folder) =>
    readdirSync(new URL(folder, ROOT)).flatMap((file) =>
      parseYamlDocuments(readFileSync(new URL(folder + file, ROOT), 'utf8')).sources.map(
        ({ value }) => value as object,
      ),
    ),
  );
}

t.test('another validator judges by the published schemas as we do', async (t) => {
  const compiled = new Map(KINDS.map((kind) => [kind.kind, Compile(jsonSchemaOf(kind))]));
  const any = Compile(jsonSchemaOfAll());
  const all = documents().filter(({ kind }) => kind !== 'List');
  t.ok(all.length > 20);
  for (const document of all) {
    const { kind = '' } = document;
    t.ok(compiled.get(kindOf(kind)!.kind)!.Check(document), JSON.stringify(document).slice(0, 100));
    t.ok(any.Check(document), `${kind} by the schema of all`);
  }
  const wrong: readonly object[] = [
    { spec: { peerIP: 'nowhere', asNumber: 1 } },
    { spec: { peerIP: '192.0.2.1', asNumber: 0 } },
    { spec: { peerIP: '192.0.2.1', asNumbr: 1 } },
    { spec: { peerIP: '192.0.2.1', asNumber: 1, holdTime: '90' } },
    { spec: { peerIP: '192.0.2.1', asNumber: 1, nextHopMode: 'self' } },
    { metadata: { name: 'UPPER' } },
    { metadata: {} },
    { apiVersion: 'v2' },
  ];
  const right = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'BGPPeer',
    metadata: { name: 'a' },
    spec: { peerIP: '192.0.2.1', asNumber: 1 },
  };
  t.ok(compiled.get('BGPPeer')!.Check(right));
  t.notOk(any.Check({ ...right, kind: 'BGPPear' }));
  for (const one of wrong) {
    const document = { ...right, ...one };
    t.notOk(compiled.get('BGPPeer')!.Check(document), JSON.stringify(one));
    t.notOk(any.Check(document), JSON.stringify(one));
    t.ok(readResource(document).faults.length > 0);
  }
});

t.test('every field is marked or Calico’s, and every mark says why', async (t) => {
  for (const [file, schema] of files) {
    for (const [, mark] of JSON.stringify(schema).matchAll(/"x-tortie":(\{[^}]*\})/g)) {
      const { status, note } = JSON.parse(mark!) as { status: string; note?: string };
      t.ok(status === 'extension' || (note ?? '').length > 10, `${file}: ${mark}`);
    }
  }
});
