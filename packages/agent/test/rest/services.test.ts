import t from 'tap';
import { until } from '../until.js';
import { setUp } from './set-up.js';

const configuration = (spec: object) => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'BGPConfiguration',
  metadata: { name: 'default' },
  spec,
});

t.test('addresses of services with an endpoint here are announced, inside the ranges and by reference', async (t) => {
  const { call, close } = await setUp({ yaml: 'cluster: {}\n' });
  t.teardown(close);
  const originated = async (): Promise<string[]> => {
    const { body } = await call('GET', '/v1/originated');
    return (body as { originated: { prefix: string; origin: string; source: string }[] }).originated
      .filter(({ origin }) => origin.startsWith('service'))
      .map(({ prefix, source }) => `${prefix} ${source}`);
  };
  const range = '203.0.113.0/24 service range of BGPConfiguration';
  const put = (name: string, ...addresses: string[]) => call('PUT', `/v1/services/${name}`, { addresses });

  t.match(await put('web', '203.0.113.7'), { status: 200, body: { withheld: ['203.0.113.7'] } });
  t.strictSame(await originated(), [], 'there are no ranges yet');
  await call(
    'PUT',
    '/v1/resources/bgpconfigurations/default',
    configuration({
      serviceExternalIPs: [{ cidr: '203.0.113.0/24' }],
      serviceLoadBalancerIPs: [{ cidr: '192.0.2.0/24' }],
    }),
  );
  await until('the ranges', async () => (await originated()).length === 3);
  t.strictSame(await originated(), [
    '192.0.2.0/24 service range of BGPConfiguration',
    range,
    '203.0.113.7/32 service web',
  ]);
  t.match((await call('GET', '/v1/services')).body, { services: [{ name: 'web', withheld: [] }] });

  await put('api', '203.0.113.7', '192.0.2.1', '10.0.0.1');
  await call(
    'PUT',
    '/v1/resources/bgpconfigurations/default',
    configuration({
      serviceExternalIPs: [{ cidr: '203.0.113.0/24' }],
      serviceLoadBalancerIPs: [{ cidr: '192.0.2.0/24' }],
      serviceLoadBalancerAggregation: 'Disabled',
    }),
  );
  await until('no range of load balancers', async () => (await originated()).length === 3);
  t.strictSame(await originated(), ['192.0.2.1/32 service api', range, '203.0.113.7/32 service api, web']);
  t.match((await call('GET', '/v1/services')).body, { services: [{ name: 'api', withheld: ['10.0.0.1'] }, {}] });

  const { headers } = await put('web', '203.0.113.7');
  t.match(await call('PUT', '/v1/services/web', { addresses: ['203.0.113.9'] }, { 'if-match': '"1"' }), {
    status: 412,
  });
  t.equal((await call('DELETE', '/v1/services/web', undefined, { 'if-match': String(headers.etag) })).status, 204);
  t.strictSame(await originated(), ['192.0.2.1/32 service api', range, '203.0.113.7/32 service api'], 'another has it');
  t.equal((await call('DELETE', '/v1/services/api')).status, 204);
  t.strictSame(await originated(), [range]);
  t.match(await call('DELETE', '/v1/services/api'), { status: 404, body: { detail: 'there is no service "api"' } });
  t.match(await put('web'), { status: 400 });
  t.match(await put('web', '203.0.113.0/24'), { status: 400, body: { errors: [{ pointer: '/addresses/0' }] } });
});
