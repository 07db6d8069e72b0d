import t from 'tap';
import type { BmpCollector, BmpCollectorList } from '../../src/api/bmp.js';
import type { EventList } from '../../src/api/status.js';
import { bmpKey } from '../../src/store/keys.js';
import { until } from '../until.js';
import { setUp } from './set-up.js';

const YAML = `bmp:
  - { name: station, address: 192.0.2.7, monitor: [adj-rib-in-post] }
`;

t.test('collectors of the file are dialled, shown, and changed only there', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  t.match(speaker.collectors.get('station'), {
    monitor: ['adj-rib-in-post'],
    sysName: 'n1',
    sysDescr: /^Tortie \d/,
  });
  const { collectors } = (await call('GET', '/v1/bmp-collectors')).body as BmpCollectorList;
  t.match(collectors, [
    {
      name: 'station',
      origin: 'file',
      source: /node\.yaml:10$/,
      spec: { address: '192.0.2.7' },
      status: {
        state: 'waiting',
        since: /Z$/,
        messages: 7,
        octets: 700,
        dropped: 1,
        lastError: 'TCP connection refused',
      },
    },
  ]);
  t.match((await call('DELETE', '/v1/bmp-collectors/station')).body, { code: 'ERR_AGENT_FILE_ORIGIN', status: 409 });
  t.match((await call('POST', '/v1/bmp-collectors', { name: 'station', address: '192.0.2.8' })).body, {
    code: 'ERR_AGENT_EXISTS',
  });
});

t.test('collectors of the API are kept, read and deleted', async (t) => {
  const first = await setUp();
  const spec = { name: 'station', address: '2001:db8::7', port: 11019, localAddress: '2001:db8::1' };
  const created = await first.call('POST', '/v1/bmp-collectors', spec);
  t.equal(created.status, 201);
  t.match(created.headers, { location: '/v1/bmp-collectors/station', etag: /^"\d+"$/ });
  t.match(created.body, { name: 'station', origin: 'api', spec });
  t.equal((await first.call('POST', '/v1/bmp-collectors', spec)).status, 409);
  await first.agent.close();

  const again = await setUp({ store: first.store });
  t.teardown(() => again.close());
  t.ok(again.speaker.collectors.has('station'), 'after a restart');
  const one = await again.call('GET', '/v1/bmp-collectors/station');
  t.match(one.body, { origin: 'api', spec });
  t.equal((await again.call('DELETE', '/v1/bmp-collectors/station', undefined, { 'if-match': '"999"' })).status, 412);
  const etag = one.headers.etag as string;
  t.equal((await again.call('DELETE', '/v1/bmp-collectors/station', undefined, { 'if-match': etag })).status, 204);
  t.notOk(again.speaker.collectors.has('station'));
  t.equal((await again.call('GET', '/v1/bmp-collectors/station')).status, 404);
});

t.test('what cannot be is refused with its field', async (t) => {
  const { call, close } = await setUp();
  t.teardown(close);
  for (const [change, pointer] of [
    [{ address: '224.0.0.1' }, '/address'],
    [{ localAddress: '2001:db8::1' }, '/localAddress'],
    [{ monitor: ['rib'] }, '/monitor/0'],
    [{ monitor: [] }, '/monitor'],
    [{ stallS: 1 }, '/stallS'],
    [{ interval: 1 }, '/interval'],
  ] as const) {
    const answer = await call('POST', '/v1/bmp-collectors', { name: 'c', address: '192.0.2.7', ...change });
    t.match(answer.body, { status: 400, errors: [{ pointer }] }, pointer);
  }
});

t.test('a collector that changes in the store is dialled anew', async (t) => {
  const { call, store, speaker, close } = await setUp();
  t.teardown(close);
  await call('POST', '/v1/bmp-collectors', { name: 'c', address: '192.0.2.7' });
  const key = bmpKey('n1', 'c');
  const { revision } = (await store.get(key))!;
  await store.update(key, { name: 'c', address: '192.0.2.7', port: 5000 }, revision);
  await until('the new port', async () => speaker.collectors.get('c')?.port === 5000);
  const { spec } = (await call('GET', '/v1/bmp-collectors/c')).body as BmpCollector;
  t.equal(spec.port, 5000);
});

t.test('events and metrics', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  speaker.emitter.emit('bmp', { collector: 'station', change: 'connected', at: 1 });
  speaker.emitter.emit('bmp', { collector: 'station', change: 'lost', reason: 'it was slow', at: 2 });
  speaker.emitter.emit('bmp', { collector: 'station', change: 'unreachable', reason: 'no route', at: 3 });
  const { events } = (await call('GET', '/v1/events?kind=bmp')).body as EventList;
  t.match(events, [
    { subject: 'station', text: 'BMP collector station is connected' },
    { subject: 'station', text: 'BMP collector station is lost', cause: 'it was slow' },
    { subject: 'station', text: 'BMP collector station is out of reach', cause: 'no route' },
  ]);
  const { body: metrics } = await call('GET', '/metrics');
  t.match(metrics, /^tortie_bmp_connected\{collector="station"\} 0$/m);
  t.match(metrics, /^tortie_bmp_messages_total\{collector="station"\} 7$/m);
  t.match(metrics, /^tortie_bmp_octets_total\{collector="station"\} 700$/m);
  t.match(metrics, /^tortie_bmp_drops_total\{collector="station"\} 1$/m);
});
