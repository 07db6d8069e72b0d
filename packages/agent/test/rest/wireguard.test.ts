import t from 'tap';
import { setUp } from './set-up.js';

t.test('a node that programs nothing has no key, and makes none', async (t) => {
  const { call, close } = await setUp();
  t.teardown(close);
  t.strictSame((await call('GET', '/v1/wireguard')).body, { devices: [] });
  t.match(await call('POST', '/v1/wireguard/rotate'), {
    status: 503,
    body: { code: 'ERR_AGENT_UNAVAILABLE', detail: /programs no tunnels/ },
  });
});
