/** The commands about resources against a real agent on a real store: what is written comes back, and nothing is lost. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAgent } from '@tortie/agent/node';
import t from 'tap';
import { main } from '../../src/main.js';

const CALICO = new URL('../../../../cluster/test/fixtures/calico/', import.meta.url).pathname;
const EXAMPLES = new URL('../../../../../examples/resources/', import.meta.url).pathname;

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'tortie-resources-'));
  const socket = join(folder, 'agent.sock');
  const configText = `node: n1
asn: 64512
routerId: 10.0.0.1
api: { socket: ${socket} }
store: { path: ${join(folder, 'store')} }
bgp: { listen: [] }
kernel: { program: false }
blocks: { ipv4: false, ipv6: false }
log: { level: silent }
`;
  const agent = await runAgent({ configFile: join(folder, 'node.yaml'), configText });
  t.teardown(async () => {
    await agent.close();
    rmSync(folder, { recursive: true });
  });
  const run = async (args: readonly string[], input?: string): Promise<Ran> => {
    let [stdout, stderr] = ['', ''];
    const stdin = (async function* () {
      yield Buffer.from(input ?? '');
    })();
    const code = await main(args, {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      stdin,
      env: { TORTIE_SOCKET: socket },
    });
    return { code, stdout, stderr };
  };
  return { folder, run, agent };
}

t.test("manifests in Calico's style: applied, given back, applied again as unchanged", async (t) => {
  const { folder, run } = await setUp();
  const dry = await run(['apply', '--dry-run', '-f', CALICO]);
  // Two files of the folder say something of the same resources.
  t.equal(dry.code, 2, dry.stderr);
  t.match(dry.stderr, /kubectl-export\.yaml|route-reflectors\.yaml:\d+: \/metadata\/name: .* is there already, at /);

  for (const file of readdirSync(CALICO)) {
    const { code, stdout, stderr } = await run(['apply', '-f', join(CALICO, file)]);
    t.equal(code, 0, stderr);
    t.notMatch(stdout, /unchanged/);
  }
  t.match(
    (await run(['apply', '-f', join(CALICO, 'bgp-configuration.yaml')])).stderr,
    /bgp-configuration\.yaml:23: warning: \/spec\/bindMode: has no effect/,
  );
  const yaml = join(folder, 'all.yaml');
  const got = await run(['get', 'ippools,ipr,bgpf,bgpconfigs,nodes,bgpp,ipamconfig', '-o', 'yaml']);
  t.equal(got.code, 0, got.stderr);
  writeFileSync(yaml, got.stdout);
  const again = await run(['apply', '-f', yaml]);
  t.equal(again.code, 0, again.stderr);
  t.ok(again.stdout.trim().split('\n').length >= 17, again.stdout);
  const touched = again.stdout
    .trim()
    .split('\n')
    .filter((line) => !line.endsWith(' unchanged'));
  t.strictSame(touched, ['node/n1 created'], 'all but the node that nobody had said anything of');
  t.match(await run(['diff', '-f', yaml]), { code: 0, stdout: '' });
  t.match(await run(['apply', '-f', '-'], got.stdout), { code: 0, stdout: /^bgppeer\/rack1-tor-a unchanged$/m });
  const json = await run(['get', 'bgpp', '-o', 'json']);
  t.match(await run(['apply', '-f', '-'], json.stdout), { code: 0, stdout: /unchanged/ });
});

t.test('the examples are applied as they are', async (t) => {
  const { run } = await setUp();
  const { code, stdout, stderr } = await run(['apply', '-f', EXAMPLES]);
  t.equal(code, 0, stderr);
  t.equal(stderr, '');
  t.match(stdout, /bgppeer\/.* created/);
});

t.test('get, describe, diff and delete', async (t) => {
  const { folder, run } = await setUp();
  const file = join(folder, 'tor.yaml');
  const text = (hold: string): string => `apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: { name: tor, labels: { rack: r1 } }
spec:
  peerIP: 192.0.2.1
  asNumber: 64512
  holdTime: ${hold}
`;
  writeFileSync(file, text('30s'));
  t.match(await run(['diff', '-f', file]), {
    code: 1,
    stdout: /^--- \/dev\/null\n\+\+\+ .*tor\.yaml:1\n@@ -0,0 \+1,\d+ @@\n\+apiVersion/,
  });
  t.match(await run(['apply', '-f', file, '--dry-run']), { code: 0, stdout: 'bgppeer/tor created (dry run)\n' });
  t.match(await run(['get', 'bgppeers']), { code: 0, stdout: 'no bgppeers\n' });
  t.match(await run(['apply', '-f', file]), { code: 0, stdout: 'bgppeer/tor created\n', stderr: '' });
  t.match(await run(['diff', '-f', file]), { code: 0, stdout: '' });
  writeFileSync(file, text('90s'));
  const diff = await run(['diff', '-f', file]);
  t.equal(diff.code, 1);
  t.match(diff.stdout, /^--- now\/bgppeer\/tor\n\+\+\+ /);
  t.match(diff.stdout, /^- {2}holdTime: 30s\n\+ {2}holdTime: 90s$/m);
  t.match(await run(['apply', '-f', file]), { code: 0, stdout: 'bgppeer/tor configured\n' });

  t.match(
    (await run(['get', 'BGPPeer', 'tor'])).stdout,
    /^NAME +NODES +PEER +ASN +FILTERS\ntor +all\(\) +192\.0\.2\.1 +64512 +-$/m,
  );
  t.match((await run(['get', 'bgpp', '-o', 'wide'])).stdout, /LABELS +REVISION\n.* rack=r1 +\d+$/m);
  t.match(await run(['get', 'bgpp/tor', '-o', 'name']), { code: 0, stdout: 'bgppeer/tor\n' });
  t.match(await run(['get', 'bgpp', '-l', "rack == 'r2'"]), { code: 0, stdout: 'no bgppeers\n' });
  t.match(await run(['get', 'bgpp', 'none']), { code: 4, stderr: /there is no BGPPeer "none"/ });
  t.match(JSON.parse((await run(['get', 'bgpp', 'tor', '--json'])).stdout), {
    kind: 'BGPPeer',
    spec: { holdTime: '90s' },
  });
  t.match((await run(['get', 'nodes'])).stdout, /^n1 +64512 /m);
  t.match(await run(['delete', 'node', 'n1']), { code: 5, stderr: /"n1" is this node, which runs \(by force/ });
  t.match(await run(['delete', 'node', 'n1', '--force']), { code: 0, stdout: 'node/n1 deleted\n' });
  const described = (await run(['describe', 'bgppeer', 'tor'])).stdout;
  t.match(described, /^name: +tor$/m);
  t.match(described, /^ {2}holdTime: 90s$/m);
  t.match(described, /BGPPeer "tor" created: asked for by the API\n.*BGPPeer "tor" configured/);

  t.match(await run(['delete', 'bgpp', 'tor', '--dry-run']), { code: 0, stdout: 'bgppeer/tor deleted (dry run)\n' });
  t.match(await run(['delete', '-f', file]), { code: 0, stdout: 'bgppeer/tor deleted\n' });
  t.match(await run(['delete', 'bgpp', 'tor']), { code: 4, stderr: /there is no BGPPeer "tor"/ });
  t.match(await run(['delete', 'bgpp', 'tor', '--ignore-not-found']), { code: 0, stdout: '' });
});

t.test('a wrong file is answered with file, line and pointer, and nothing is done', async (t) => {
  const { folder, run, agent } = await setUp();
  const file = join(folder, 'wrong.yaml');
  writeFileSync(
    file,
    `apiVersion: projectcalico.org/v3
kind: IPPool
metadata: { name: fine }
spec: { cidr: 10.0.0.0/16 }
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: { name: tor }
spec:
  peerIp: 192.0.2.1
  asNumber: many
`,
  );
  for (const command of ['apply', 'diff']) {
    const { code, stdout, stderr } = await run([command, '-f', file]);
    t.equal(code, 2);
    t.equal(stdout, '');
    t.strictSame(stderr.trimEnd().split('\n'), [
      `${file}:10: /spec/peerIp: unknown field "peerIp", did you mean "peerIP"?`,
      `${file}:11: /spec/asNumber: is "many", expected a whole number 1 to 4294967295, or external or internal`,
    ]);
  }
  t.equal(await agent.agent.ipam.pools.get('fine'), undefined);
  t.match(JSON.parse((await run(['apply', '-f', file, '--json'])).stderr), {
    code: 'ERR_CLI_MANIFEST',
    errors: [{ line: 10, pointer: '/spec/peerIp' }, { line: 11 }],
  });

  // What only the agent can tell has its place too.
  writeFileSync(file, readFileSync(file, 'utf8').split('---')[0]!);
  t.equal((await run(['apply', '-f', file])).code, 0);
  writeFileSync(file, readFileSync(file, 'utf8').replace('10.0.0.0/16', '10.1.0.0/16'));
  t.match(await run(['apply', '-f', file]), {
    code: 2,
    stderr: `${file}:4: /spec/cidr: never changes, and is 10.0.0.0/16 of this pool, not 10.1.0.0/16; delete the pool and make it anew, or make another beside it, expected 10.0.0.0/16\n`,
  });
});

t.test('what is written for other programs is refused, or told and left out when asked for', async (t) => {
  const { folder, run } = await setUp();
  const file = join(folder, 'export.yaml');
  const felix = 'apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: { name: default }\nspec: {}\n';
  writeFileSync(file, `${felix}---\n${readFileSync(join(EXAMPLES, 'reflectors.yaml'), 'utf8')}`);
  const refused = await run(['apply', '-f', file]);
  t.equal(refused.code, 2);
  t.match(refused.stderr, /export\.yaml:2: \/kind: FelixConfiguration is a kind of Calico's that is not taken: /);
  const skipped = await run(['apply', '-f', file, '--skip-foreign']);
  t.equal(skipped.code, 0, skipped.stderr);
  t.match(skipped.stderr, /^.*export\.yaml:2: skipped: FelixConfiguration is a kind of Calico's/);
  t.match(skipped.stdout, /^bgppeer\/reflectors created$/m);
});

t.test('the command line: what is wrong with it', async (t) => {
  const { folder, run } = await setUp();
  const rows: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['apply'], 2, /required option '-f, --filename/],
    [['apply', '-f', '/no/such'], 2, /there is no file \/no\/such/],
    [['apply', '-f', folder], 2, /there are no resources in/],
    [['get'], 2, /missing required argument 'kind'/],
    [['get', 'bgppears'], 2, /"bgppears" is no kind of resource; did you mean bgppeers\?/],
    [['get', 'bgpp', '-o', 'xml'], 2, /Allowed choices are yaml, json, wide, name/],
    [['get', 'bgpp,ippools', 'a'], 2, /with several kinds there can be no names/],
    [['get', 'bgpp', 'a', '-l', 'all()'], 2, /-l selects among all of a kind/],
    [['get', 'bgpp', '-l', 'rack'], 2, /selector "rack", column 5/],
    [['delete'], 2, /which resource\? write KIND NAME, or -f FILE/],
    [['delete', 'bgpp', 'a', '-f', 'x'], 2, /not both/],
    [['delete', 'blocks', 'a'], 1, /read only/],
    [['describe', 'bgpp'], 2, /which one\?/],
    [['schema', 'bgppears'], 2, /did you mean bgppeers/],
  ];
  for (const [args, code, words] of rows) {
    const ran = await run(args);
    t.equal(ran.code, code, args.join(' '));
    t.match(ran.stderr, words);
  }
  const elsewhere = { TORTIE_SOCKET: join(folder, 'none.sock') };
  cpSync(join(CALICO, 'pools.yaml'), join(folder, 'pools.yaml'));
  let stderr = '';
  const io = { stdout: { write: () => true }, stderr: { write: (text: unknown) => (stderr += text) }, env: elsewhere };
  t.equal(await main(['diff', '-f', join(folder, 'pools.yaml')], io), 3, 'no agent is no difference');
  t.match(stderr, /no answer from the agent/);
});
