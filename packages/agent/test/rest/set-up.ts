/** A whole agent behind its real socket, on a memory store and with a fake speaker; and requests to it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore, type Store } from '@tortie/store';
import { type RunningAgent, runAgent } from '../../node/run-agent.js';
import { FakeBfd } from '../fake-bfd.js';
import { FakeSpeaker } from '../fake-speaker.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // Bodies of any shape: each test says what it expects of it.
  readonly body: unknown;
}

export interface SetUp {
  readonly agent: RunningAgent;
  readonly speaker: FakeSpeaker;
  readonly bfd: FakeBfd;
  readonly store: Store;
  readonly folder: string;
  readonly log: string[];
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export type OpenStore = () => Promise<Store>;

export interface SetUpOptions {
  /** YAML lines after the ones that every test has. */
  readonly yaml?: string;
  /** Fields of `kernel:` besides. */
  readonly kernel?: string;
  readonly api?: string;
  readonly store?: Store;
  readonly folder?: string;
  readonly node?: string;
  /** Whether the agent claims blocks. */
  readonly claim?: boolean;
}

export async function setUp({
  yaml = '',
  kernel = '',
  api = '',
  node = 'n1',
  claim = false,
  store = new MemoryStore(),
  folder,
}: SetUpOptions = {}): Promise<SetUp> {
  const place = folder ?? (await mkdtemp(join(tmpdir(), 'tortie-agent-')));
  const socket = join(place, 'agent.sock');
  const configFile = join(place, 'node.yaml');
  const configText = `node: ${node}
asn: 64513
routerId: 10.0.0.1
api: { socket: ${socket}${api} }
store: { path: ${place} }
bgp: { listen: [] }
kernel: { program: false${kernel && `, ${kernel}`} }
blocks: { ipv4: ${claim}, ipv6: ${claim} }
${yaml}`;
  await writeFile(configFile, configText);
  const speaker = new FakeSpeaker();
  const bfd = new FakeBfd();
  const log: string[] = [];
  const agent = await runAgent({
    configFile,
    store,
    runSpeaker: speaker.start,
    bfd,
    logDestination: { write: (line) => void log.push(line) },
  });
  return {
    agent,
    speaker,
    bfd,
    store,
    folder: place,
    log,
    call: (method, path, body, headers) => call({ socketPath: socket }, method, path, body, headers),
    async close() {
      await agent.close();
      if (folder === undefined) await rm(place, { recursive: true });
    },
  };
}

/** One request; a body that is JSON comes back parsed. */
export function call(
  where: { socketPath: string } | { host: string; port: number },
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...where,
        method,
        path,
        agent: false,
        headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => {
          const json = /json/.test(answer.headers['content-type'] ?? '');
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: json ? JSON.parse(text) : text });
        });
        answer.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(payload);
  });
}
