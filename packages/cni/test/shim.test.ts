/** The executable, beside an agent that is missing, late, gone or mad. What it does with a real one is in test/interop. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { decodeQuestion, encodeAnswer, HEADER_OCTETS } from '../src/index.js';
import { invocation } from './call.js';

const PLUGIN = new URL('../../build/tortie', import.meta.url).pathname;
const skip = existsSync(PLUGIN) ? false : 'the plugin was not built here: there is no C compiler';
const folder = mkdtempSync(join(tmpdir(), 'tortie-cni-'));
t.teardown(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(env: NodeJS.ProcessEnv, input: string | Uint8Array): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(PLUGIN, [], { env });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const config = (socket: string, more = {}): string =>
  JSON.stringify({ cniVersion: '0.4.0', name: 'pods', socket, ...more });
const error = ({ code, stdout }: Ended): { cniVersion: string; code: number; msg: string; details: string } => {
  t.equal(code, 1, stdout);
  return JSON.parse(stdout);
};

/** An agent that does with a connection what a test wants. */
async function withAgent(onConnection: (socket: Socket) => void, work: (path: string) => Promise<void>): Promise<void> {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.sock`);
  const server = createServer((socket) => {
    // The plugin may end while there is more to say to it.
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await work(path);
  } finally {
    server.close();
  }
}

t.test('the plugin', { skip }, async (t) => {
  t.test('is small and says what it is', async (t) => {
    // On arm64 segments are aligned to 64 KiB, the largest pages there are.
    t.ok(statSync(PLUGIN).size < 80 * 1024, `${statSync(PLUGIN).size} octets`);
    const { code, stdout, stderr } = await run({}, '');
    t.same([code, stdout], [0, '']);
    t.match(stderr, /Tortie's CNI plugin.*speaks CNI 0\.3\.1, 0\.4\.0, 1\.0\.0 and 1\.1\.0/);
  });

  t.test('answers VERSION without an agent, in the version asked for', async (t) => {
    const supportedVersions = ['0.3.1', '0.4.0', '1.0.0', '1.1.0'];
    for (const [input, cniVersion] of [
      ['{"cniVersion":"0.4.0"}', '0.4.0'],
      [' \n{"a":[{"cniVersion":"9"},"cniVersion"],"b":"\\"cniVersion","cniVersion" : "1.0.0"}', '1.0.0'],
      ['{}', '1.1.0'],
      ['{"cniVersion":"x\\"y"}', '1.1.0'],
    ] as const) {
      const { code, stdout } = await run({ CNI_COMMAND: 'VERSION' }, input);
      t.equal(code, 0);
      t.same(JSON.parse(stdout), { cniVersion, supportedVersions });
    }
  });

  t.test('hands everything over and prints the answer', async (t) => {
    for (const exitStatus of [0, 1] as const) {
      let question = Buffer.alloc(0);
      const stdout = `{"long":"${'x'.repeat(300_000)}"}\n`;
      const agent = (socket: Socket): void => {
        socket.on('data', (chunk) => {
          question = Buffer.concat([question, chunk]);
          if (question.length < HEADER_OCTETS || question.length < HEADER_OCTETS + question.readUInt32BE(4)) return;
          socket.end(encodeAnswer(exitStatus, Buffer.from(stdout)));
        });
      };
      await withAgent(agent, async (path) => {
        const call = invocation(
          { command: 'ADD', args: 'IP=10.0.0.7;X=ü' },
          { socket: path, pad: 'y'.repeat(500_000) },
        );
        const env = {
          CNI_COMMAND: 'ADD',
          CNI_CONTAINERID: 'c0ffee',
          CNI_NETNS: '/run/netns/pod',
          CNI_IFNAME: 'eth0',
          CNI_ARGS: call.args,
        };
        const ended = await run(env, call.stdin);
        t.same([ended.code, ended.stdout === stdout], [exitStatus, true]);
        const { stdin, ...rest } = decodeQuestion(question.subarray(HEADER_OCTETS), (octets) =>
          Buffer.from(octets).toString(),
        );
        const { stdin: sent, ...wanted } = call;
        t.same(rest, wanted);
        t.equal(Buffer.compare(stdin, sent), 0);
      });
    }
  });

  t.test('an agent that is not there: try again later; STATUS: not available', async (t) => {
    const dead = join(folder, 'dead.sock');
    writeFileSync(dead, '');
    for (const [command, code] of [
      ['ADD', 11],
      ['DEL', 11],
      ['CHECK', 11],
      ['GC', 11],
      ['STATUS', 50],
    ] as const) {
      for (const path of [join(folder, 'none.sock'), dead]) {
        const found = error(await run({ CNI_COMMAND: command }, config(path)));
        t.match(found, {
          cniVersion: '0.4.0',
          code,
          msg: /cannot be asked; try again later: it does not run/,
          details: path,
        });
      }
    }
  });

  t.test('an agent that ends, or is none', async (t) => {
    const rows: readonly [string, (socket: Socket) => void, number, RegExp][] = [
      ['hangs up', (socket) => socket.destroy(), 11, /it ended before it had answered/],
      [
        'hangs up in the midst',
        (socket) => socket.end(encodeAnswer(0, Buffer.from('{}')).subarray(0, 10)),
        11,
        /it ended/,
      ],
      ['is a web server', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 5, /is no agent/],
      ['has too much to say', (socket) => socket.end(Buffer.from('54434e31ffffffff00', 'hex')), 5, /is no agent/],
      ['has nothing to say', (socket) => socket.end(Buffer.from('54434e3100000000', 'hex')), 5, /is no agent/],
    ];
    for (const [what, agent, code, msg] of rows) {
      await withAgent(agent, async (path) => {
        t.match(error(await run({ CNI_COMMAND: 'ADD' }, config(path))), { code, msg }, what);
      });
    }
  });

  t.test('input that cannot be', async (t) => {
    const long = 'x'.repeat(70_000);
    const rows: readonly [string, NodeJS.ProcessEnv, string, number, RegExp][] = [
      ['nothing', {}, '', 6, /no JSON object/],
      ['a list', {}, '["cniVersion"]', 6, /no JSON object/],
      ['more than 1 MiB', {}, `{"x":"${'y'.repeat(1024 * 1024)}"}`, 7, /longer than 1 MiB/],
      ['a variable without end', { CNI_ARGS: long }, config('/x'), 4, /CNI_ARGS is longer than 64 KiB/],
      ['a socket without end', {}, config(`/${long}`), 7, /socket is longer than 107/],
      ['a socket with an escape', {}, '{"socket":"\\u002fx"}', 7, /no plain path/],
    ];
    for (const [what, env, input, code, msg] of rows) {
      t.match(error(await run({ CNI_COMMAND: 'ADD', ...env }, input)), { code, msg }, what);
    }
  });

  t.test('whatever is on standard input, the answer is a CNI error', async () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      'socket',
      'cniVersion',
      '"socket"',
      '1.0',
      '/no',
      '\0',
      'ü',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 24 }), async (pieces) => {
        const { code, stdout } = await run({ CNI_COMMAND: 'ADD' }, `{${pieces.join('')}`);
        return code === 1 && [5, 7, 11].includes(JSON.parse(stdout).code);
      }),
      { numRuns: 150 },
    );
  });
});
