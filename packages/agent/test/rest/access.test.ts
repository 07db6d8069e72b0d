import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore } from '@tortie/store';
import t from 'tap';
import { runAgent } from '../../node/run-agent.js';
import { FakeSpeaker } from '../fake-speaker.js';
import { call, setUp } from './set-up.js';

const TOKEN = 'abcdefghijklmnopqrstuvwxyz';

t.test('over TCP only the token lets in, and a changed token takes effect', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tortie-token-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${TOKEN}\n`);
  const agent = await setUp({ folder, api: `, listen: "127.0.0.1:0", tokenFile: ${tokenFile}` });
  t.teardown(agent.close);
  const port = Number(agent.agent.tcp?.split(':')[1]);
  const tcp = (authorization?: string) =>
    call(
      { host: '127.0.0.1', port },
      'GET',
      '/v1/status',
      undefined,
      authorization === undefined ? {} : { authorization },
    );
  for (const header of [undefined, 'Bearer', 'Bearer wrong-wrong-wrong-wrong', `Basic ${TOKEN}`, TOKEN]) {
    const answer = await tcp(header);
    t.equal(answer.status, 401, String(header));
    t.match(answer.headers['www-authenticate'], /Bearer/);
    t.match(answer.body, { code: 'ERR_AGENT_TOKEN' });
    t.notMatch(JSON.stringify(answer.body), TOKEN);
  }
  t.equal((await call({ host: '127.0.0.1', port }, 'GET', '/nothing')).status, 401, 'also where there is no such path');
  t.equal((await tcp(`Bearer ${TOKEN}`)).status, 200);
  t.equal((await agent.call('GET', '/v1/status')).status, 200, 'the unix socket needs none');
  await writeFile(tokenFile, 'another-token-of-enough-characters');
  t.equal((await tcp(`Bearer ${TOKEN}`)).status, 401);
  t.equal((await tcp('Bearer another-token-of-enough-characters')).status, 200);
  await writeFile(tokenFile, 'short');
  t.equal((await tcp('Bearer short')).status, 401, 'a file without a usable token lets nobody in');
  t.notMatch(agent.log.join(''), TOKEN);
});

t.test('the socket is for its owner and group, or for its owner alone', async (t) => {
  for (const [api, mode] of [
    ['', 0o660],
    [', socketMode: "0600"', 0o600],
  ] as const) {
    const agent = await setUp({ api });
    t.equal((await stat(agent.agent.socket)).mode & 0o777, mode);
    await agent.close();
  }
});

const refused = async (config: string, folder: string): Promise<Error & { code?: string }> => {
  const speaker = new FakeSpeaker();
  try {
    const agent = await runAgent({
      configFile: join(folder, 'x.yaml'),
      configText: config,
      store: new MemoryStore(),
      runSpeaker: speaker.start,
      logDestination: { write() {} },
    });
    await agent.close();
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new Error('the agent started');
};

t.test('a second agent is refused on the same store and name, and on the same socket', async (t) => {
  const first = await setUp();
  t.teardown(first.close);
  const base = `asn: 1\nbgp: { listen: [] }\nkernel: { program: false }\n`;
  const sameNode = await refused(
    `${base}node: n1\nstore: { path: ${first.folder} }\napi: { socket: ${first.folder}/other.sock }\n`,
    first.folder,
  );
  t.match(sameNode, { code: 'ERR_AGENT_RUNNING', message: /another agent is running as node "n1" on the store/ });
  const sameSocket = await refused(
    `${base}node: n2\nstore: { path: ${first.folder} }\napi: { socket: ${first.agent.socket} }\n`,
    first.folder,
  );
  t.match(sameSocket, { code: 'ERR_AGENT_RUNNING', message: /another agent is running on the socket/ });
  t.equal((await first.call('GET', '/v1/status')).status, 200, 'the first one is not disturbed');
  const other = await refused(
    `${base}node: n2\nstore: { path: ${first.folder} }\napi: { socket: ${first.folder}/o.sock, listen: "127.0.0.1:1", tokenFile: /nonexistent/token }\n`,
    first.folder,
  );
  t.match(other, { code: 'ERR_AGENT_TOKEN', message: /cannot be read/ });
});

t.test('a taken TCP address is said before anything is started', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tortie-port-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  t.teardown(() => blocker.close());
  const { port } = blocker.address() as { port: number };
  await writeFile(join(folder, 'token'), TOKEN);
  const error = await refused(
    `asn: 1\nstore: { path: ${folder} }\napi: { socket: ${folder}/a.sock, listen: "127.0.0.1:${port}", tokenFile: ${folder}/token }\n`,
    folder,
  );
  t.match(error, { code: 'ERR_AGENT_ADDRESS_IN_USE', message: /another program has this address/ });
});

t.test('a socket that a killed agent left behind is taken over', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tortie-left-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const holder = spawn(
    process.execPath,
    [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(join(folder, 'agent.sock'))}, () => console.log('up'))`,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  await once(holder.stdout, 'data');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const agent = await setUp({ folder });
  t.equal((await agent.call('GET', '/v1/health/live')).status, 200);
  await agent.close();
});

t.test(
  'a folder that may not be written is said plainly',
  { skip: process.getuid?.() === 0 && 'root may write everywhere' },
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'tortie-closed-'));
    t.teardown(() => rm(folder, { recursive: true }));
    await chmod(folder, 0o500);
    const error = await refused(
      `asn: 1\nstore: { path: ${folder}/store }\napi: { socket: ${folder}/a.sock }\n`,
      folder,
    );
    t.match(error, { code: 'ERR_AGENT_UNAVAILABLE' });
  },
);
