import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type Client, createClient } from '../src/index.js';

/** A client and the server it asks, for one test. */
async function served(t: { teardown(work: () => void): void }, listener: RequestListener): Promise<Client> {
  const directory = mkdtempSync(join(tmpdir(), 'tortie-client-'));
  const path = join(directory, 's');
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });
  return createClient({ type: 'socket', path });
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): RequestListener => {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(body));
  };
};

t.test('an answer with its entity tag', async (t) => {
  const client = await served(t, json({ a: 1 }, 201, { etag: '"7"' }));
  t.same(await client.call('POST', '/x', { body: {} }), { status: 201, body: { a: 1 }, etag: '"7"' });
});

t.test('what is sent: body, query without the undefined, condition', async (t) => {
  let seen: unknown;
  const client = await served(t, (request, response) => {
    const { method, url, headers } = request;
    seen = [method, url, headers['content-type'], headers['content-length'], headers['if-match']];
    json(null)(request, response);
  });
  await client.call('PATCH', '/x', {
    body: { n: 'é' },
    query: { a: 'b c', none: undefined, yes: true },
    ifMatch: '"1"',
  });
  t.same(seen, ['PATCH', '/x?a=b+c&yes=true', 'application/json', '10', '"1"']);
});

t.test('an empty answer is no error', async (t) => {
  const client = await served(t, (_, response) => response.writeHead(204).end());
  t.equal((await client.call('DELETE', '/x')).status, 204);
});

t.test('pages follow the cursor to its end', async (t) => {
  const client = await served(t, (request, response) => {
    const second = request.url!.includes('cursor=two');
    json(second ? { items: [3] } : { items: [1, 2], nextCursor: 'two' })(request, response);
  });
  const items: number[] = [];
  for await (const item of client.pages<number>('/x', 'items')) items.push(item);
  t.same(items, [1, 2, 3]);
});

t.test('problem details are an error that carries them', async (t) => {
  const problem = { type: 'urn:x', title: 'No', status: 409, code: 'ERR_X', detail: 'in use' };
  const client = await served(t, json(problem, 409));
  await t.rejects(client.get('/x'), { name: 'ProblemError', code: 'ERR_CLIENT_PROBLEM', message: 'in use', problem });
});

t.test('a refusal of another shape is one too', async (t) => {
  const client = await served(t, (_, response) =>
    response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>no</h1>'),
  );
  const error: unknown = await client.get('/x').catch((caught: unknown) => caught);
  t.match(error, { problem: { status: 502, code: 'ERR_UNKNOWN', detail: '<h1>no</h1>' } });
});

t.test('an answer that says it is JSON and is not', async (t) => {
  const client = await served(t, (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{'),
  );
  await t.rejects(client.get('/x'), { code: 'ERR_CLIENT_ANSWER', message: /GET \/x/ });
});

t.test('nobody there, and somebody who hangs up', async (t) => {
  const nobody = createClient({ type: 'socket', path: '/no/such/socket' });
  await t.rejects(nobody.get('/x'), { name: 'UnreachableError', message: /ENOENT/, hint: /tortie agent -c FILE/ });
  const client = await served(t, (request) => request.socket.destroy());
  await t.rejects(client.get('/x'), { name: 'UnreachableError', hint: /Is the agent running/ });
});

t.test('an answer that does not come', async (t) => {
  const client = await served(t, () => {});
  await t.rejects(client.call('GET', '/x', { timeoutMs: 50 }), {
    name: 'UnreachableError',
    message: /no answer within 0\.05 s/,
  });
});
