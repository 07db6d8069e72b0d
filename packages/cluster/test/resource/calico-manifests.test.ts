import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { readManifest, writeManifest } from '../../src/manifest/index.js';

const FOLDER = new URL('../../../test/fixtures/calico/', import.meta.url);

/** What the manifests of a file say that has no effect here, each told with its line; all the rest is taken as it is. */
const WARNINGS: Readonly<Record<string, readonly string[]>> = {
  'bgp-configuration.yaml': ['23 /spec/bindMode', '24 /spec/ignoredInterfaces', '41 /spec/logSeverityScreen'],
  'bgp-filters.yaml': [],
  'kubectl-export.yaml': [],
  'pools.yaml': [],
  'route-reflectors.yaml': [],
  'tor-peers.yaml': [],
};

t.strictSame(readdirSync(FOLDER).sort(), Object.keys(WARNINGS).sort(), 'every file is told of here');

for (const [file, warnings] of Object.entries(WARNINGS)) {
  t.test(`${file} is taken unchanged`, async (t) => {
    const { items, faults } = readManifest(readFileSync(new URL(file, FOLDER), 'utf8'), file);
    t.strictSame(faults, []);
    t.ok(items.length > 0);
    t.strictSame(
      items.flatMap((item) => item.warnings.map(({ line, pointer }) => `${line} ${pointer}`)),
      warnings,
    );
    const resources = items.map(({ resource }) => resource);
    const again = readManifest(writeManifest(resources), file).items.map(({ resource }) => resource);
    t.strictSame(again, resources, 'and the same when it is written and read again');
  });
}
