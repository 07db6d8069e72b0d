import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { run, startStub } from './stub.js';

const problem = (status: number, code: string, detail: string, errors: unknown[] = []) => ({
  status,
  body: { type: `urn:tortie:problem:${code}`, title: code, status, code, detail, errors },
});

t.test('no agent: which socket, how to start one, exit 3', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tortie-cli-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const socket = join(directory, 'none.sock');
  const result = await run(['status', '--socket', socket]);
  t.equal(result.code, 3);
  t.match(result.stderr, socket);
  t.match(result.stderr, /tortie agent -c FILE/);
  t.equal(result.stdout, '');

  const json = await run(['status', '--json', '--socket', socket]);
  t.equal(json.code, 3);
  t.equal(JSON.parse(json.stderr).code, 'ERR_CLIENT_UNREACHABLE');
  t.equal(json.stdout, '');
});

t.test('an agent that has ended: its socket is there, nobody listens', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tortie-cli-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const socket = join(directory, 'dead.sock');
  // A socket file that nobody unlinked, as kill -9 leaves it.
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(directory, 'live.sock'), resolve));
  const { linkSync } = await import('node:fs');
  linkSync(join(directory, 'live.sock'), socket);
  await new Promise((resolve) => server.close(resolve));
  const result = await run(['status', '--socket', socket]);
  t.equal(result.code, 3);
  t.match(result.stderr, /ECONNREFUSED[\s\S]*Nothing listens there any more/);
});

t.test('a socket that may not be opened names the way out', async (t) => {
  if (process.getuid?.() === 0) {
    t.pass('root may open every socket');
    return;
  }
  const stub = await startStub();
  t.teardown(() => stub.close());
  chmodSync(stub.socket, 0);
  const result = await stub.run(['status']);
  t.equal(result.code, 3);
  t.match(result.stderr, /Join its group/);
});

const REFUSALS = [
  [
    problem(400, 'ERR_AGENT_VALIDATION', 'the body is wrong', [
      { pointer: '/holdTimeS', detail: 'must be 0, or 3 to 65535' },
      { pointer: '/remoteAsn', detail: 'must be 1 or more' },
    ]),
    2,
    /^ {2}\/holdTimeS: must be 0, or 3 to 65535$/m,
  ],
  [problem(401, 'ERR_AGENT_TOKEN', 'the bearer token is missing'), 6, /bearer token is missing/],
  [problem(404, 'ERR_AGENT_NOT_FOUND', 'there is no peer "x"'), 4, /there is no peer "x"/],
  [problem(409, 'ERR_AGENT_EXISTS', 'there is a peer "x" already'), 5, /already/],
  [problem(412, 'ERR_AGENT_REVISION', 'somebody has changed it'), 5, /somebody has changed it/],
  [problem(503, 'ERR_AGENT_UNAVAILABLE', 'the store does not answer'), 1, /the store does not answer/],
] as const;

for (const [answer, code, words] of REFUSALS) {
  t.test(`HTTP ${answer.status} is exit ${code}`, async (t) => {
    const stub = await startStub({ 'GET /v1/peers/x': answer });
    t.teardown(() => stub.close());
    const result = await stub.run(['peers', 'show', 'x']);
    t.equal(result.code, code);
    t.match(result.stderr, words);
    t.match(result.stderr, answer.body.code);
    const json = await stub.run(['peers', 'show', 'x', '--json']);
    t.same(JSON.parse(json.stderr), answer.body, 'with --json the problem as it came');
  });
}

const USAGE: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /Usage: tortie/],
  [['nonsense'], /unknown command 'nonsense'/],
  [['peers', 'lst'], /Did you mean list/],
  [['peers', 'add'], /write NAME ADDRESS ASN, or --interface/],
  [['peers', 'add', 'x'], /write NAME ADDRESS ASN, or --interface/],
  [['peers', 'add', 'x', '10.0.0.1'], /of which AS is the peer/],
  [['peers', 'add', '--interface', 'eth1', '--remote-asn', 'outside'], /"outside" is no AS number.*external/],
  [['peers', 'add', 'x', '10.0.0.1', 'AS1'], /"AS1" is no AS number/],
  [['peers', 'add', 'x', '10.0.0.1', '1', '--hold-time', 'long'], /"long" is not a whole number/],
  [['bmp', 'add', 'x', '10.0.0.1', '--stats-interval', 'often'], /"often" is not a whole number/],
  [['peers', 'set', 'x', '--field', 'delayOpenS'], /"delayOpenS" is not NAME=VALUE/],
  [['peers', 'set', 'x', '--graceful-restart', 'soon'], /"soon" is not on, off or a number of seconds/],
  [['peers', 'set', 'x'], /nothing to set/],
  [['peers', 'set', 'x', '--unset', 'colour'], /there is no field "colour"/],
  [['peers', 'set', 'x', '--next-hop', 'me'], /Allowed choices are auto, self, keep/],
  [['peers', 'reset', 'x', '--hard', '--in'], /one of --hard, --soft, --in, --out/],
  [['routes', '--fib', '--why', '10.0.0.1'], /one of --why, --fib/],
  [['routes', '--limit', 'many'], /--limit/],
  [['status', '--sockt', 'x'], /unknown option '--sockt'/],
  [['status', '--socket', 'x', '--url', 'http://x'], /not both/],
  [['status', '--url', 'nowhere'], /is no URL/],
  [['status', '--url', 'http://127.0.0.1:1', '--token-file', '/no/such/file'], /cannot read the token/],
  [['agent'], /required option '-c, --config <file>'/],
  [['lab', 'up', 'no-such-lab'], /no lab of that name; labs: .*rack/],
  [['completion', 'csh'], /Allowed choices are bash, zsh, fish/],
];

for (const [args, words] of USAGE) {
  t.test(`usage: tortie ${args.join(' ')}`, async (t) => {
    const result = await run(args);
    t.equal(result.code, 2);
    t.match(result.stderr, words);
    t.equal(result.stdout, '');
  });
}

t.test('a bearer token goes with --url', async (t) => {
  const { createServer: createHttp } = await import('node:http');
  let authorization: string | undefined;
  const server = createHttp((request, response) => {
    authorization = request.headers.authorization;
    response.setHeader('content-type', 'application/json');
    response.end('{"peers":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const directory = mkdtempSync(join(tmpdir(), 'tortie-cli-'));
  t.teardown(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  writeFileSync(join(directory, 'token'), 'secret\n');
  const { port } = server.address() as { port: number };
  const env = { TORTIE_URL: `http://127.0.0.1:${port}`, TORTIE_TOKEN_FILE: join(directory, 'token') };
  t.equal((await run(['peers', 'list'], { env })).code, 0);
  t.equal(authorization, 'Bearer secret');
});
