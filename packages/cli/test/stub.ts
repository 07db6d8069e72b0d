/** An agent that answers what the test tells it to, over a real unix socket; and a run of the command against it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../src/main.js';

export interface StubAnswer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Stub {
  readonly socket: string;
  readonly seen: SeenRequest[];
  /** Answers by `METHOD /path`, with or without the query; what is not here is a 404. */
  answers: Record<string, StubAnswer>;
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly terminal?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs one command line in this process with captured output. */
export async function run(
  args: readonly string[],
  { terminal = false, env = {} }: RunOptions = {},
): Promise<RunResult> {
  let stdout = '';
  let stderr = '';
  const code = await main(args, {
    stdout: { write: (text) => (stdout += text), isTTY: terminal },
    stderr: { write: (text) => (stderr += text), isTTY: terminal },
    env,
  });
  return { code, stdout, stderr };
}

export async function startStub(answers: Record<string, StubAnswer> = {}): Promise<Stub> {
  const directory = mkdtempSync(join(tmpdir(), 'tortie-cli-'));
  const socket = join(directory, 'agent.sock');
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body: text === '' ? undefined : (JSON.parse(text) as unknown) });
      const found = stub.answers[`${method} ${url}`] ?? stub.answers[`${method} ${url.split('?')[0]}`];
      const { status = 200, body, headers: own = {} } = found ?? notFound(url);
      const type = status >= 400 ? 'application/problem+json' : 'application/json';
      response.writeHead(status, { ...(body === undefined ? {} : { 'content-type': type }), ...own });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const stub: Stub = {
    socket,
    seen,
    answers,
    run: (args, options = {}) => run(args, { ...options, env: { TORTIE_SOCKET: socket, ...options.env } }),
    async close() {
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return stub;
}

const notFound = (url: string): StubAnswer => ({
  status: 404,
  body: {
    type: 'urn:tortie:problem:ERR_AGENT_NOT_FOUND',
    title: 'Not Found',
    status: 404,
    code: 'ERR_AGENT_NOT_FOUND',
    detail: `nothing at ${url}`,
  },
});
