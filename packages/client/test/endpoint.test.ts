import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { chooseEndpoint, describeEndpoint, type EndpointChoice } from '../src/index.js';

type Environment = Readonly<Record<string, string>>;

const CHOSEN: readonly (readonly [string, EndpointChoice, Environment, string])[] = [
  ['the default', {}, {}, 'unix socket /run/tortie/agent.sock'],
  ['the environment', {}, { TORTIE_SOCKET: '/e' }, 'unix socket /e'],
  [
    'the socket of the environment before its URL',
    {},
    { TORTIE_SOCKET: '/e', TORTIE_URL: 'http://u' },
    'unix socket /e',
  ],
  ['the URL of the environment', {}, { TORTIE_URL: 'http://127.0.0.1:9179/' }, 'http://127.0.0.1:9179'],
  [
    'a socket before the environment',
    { socket: '/s' },
    { TORTIE_SOCKET: '/e', TORTIE_URL: 'http://u' },
    'unix socket /s',
  ],
  ['a URL before the environment', { url: 'http://[::1]:9179' }, { TORTIE_SOCKET: '/e' }, 'http://[::1]:9179'],
];

for (const [what, choice, env, endpoint] of CHOSEN) {
  t.test(`chooses ${what}`, async (t) => t.equal(describeEndpoint(chooseEndpoint(choice, env)), endpoint));
}

const REFUSED: readonly (readonly [EndpointChoice, RegExp])[] = [
  [{ socket: '/s', url: 'http://u' }, /not both/],
  [{ url: 'nowhere' }, /"nowhere" is no URL; write it like http/],
  [{ url: 'ftp://x' }, /is no URL/],
  [{ url: 'http://u', tokenFile: '/no/such' }, /cannot read the token: ENOENT/],
];

for (const [choice, message] of REFUSED) {
  t.test(`refuses ${JSON.stringify(choice)}`, async (t) => {
    t.throws(() => chooseEndpoint(choice, {}), { code: 'ERR_CLIENT_ENDPOINT', message });
  });
}

t.test('a token is read without its line end', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tortie-client-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'token'), 'secret\n');
  t.match(chooseEndpoint({ url: 'http://u', tokenFile: join(directory, 'token') }, {}), { token: 'secret' });
});
