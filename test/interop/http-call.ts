/** HTTP as any program would speak it to an agent: over its unix socket, or over TCP from inside a host. */
import { request } from 'node:http';
import type { Host } from '@tortie/lab';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface HttpCall {
  readonly method?: string;
  /** Sent as it is. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request over a unix socket. */
export function overSocket(socketPath: string, path: string, call: HttpCall = {}): Promise<HttpAnswer> {
  const { method = 'GET', body, headers = {} } = call;
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export interface HttpGet {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const SCRIPT = `
const answers = [];
for (const { url, headers } of JSON.parse(process.argv[1])) {
  const answer = await fetch(url, { headers: headers ?? {} });
  const { status } = answer;
  answers.push({ status, headers: Object.fromEntries(answer.headers), text: await answer.text() });
}
console.log(JSON.stringify(answers));`;

/** GETs over TCP, one after the other, by a program inside the host. */
export async function fromHost(host: Host, calls: readonly HttpGet[]): Promise<readonly HttpAnswer[]> {
  const args = ['--input-type=module', '-e', SCRIPT, JSON.stringify(calls)];
  return JSON.parse((await host.exec(process.execPath, args)).stdout) as readonly HttpAnswer[];
}
