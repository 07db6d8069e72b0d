import t from 'tap';
import type { FibPage } from '../src/api/fib.js';
import type { Status } from '../src/api/status.js';
import { Rack, rackMissing } from './rack.js';

const missing = await rackMissing();

const yaml = (rack: Rack, more = ''): string => `node: node-1
asn: 64513
api: { socket: ${rack.folder}/agent.sock }
store: { path: ${rack.folder}/store }
bgp: { listen: ["10.0.0.1:179"], gracefulRestart: { deferralS: 60 } }
pools: [ { name: p4, cidr: 10.244.0.0/16 }, { name: p6, cidr: "fd00:10:244::/112" } ]
peers: [ { name: tor, remoteAddress: 10.0.0.254, remoteAsn: 64512, connectRetryS: 1, holdTimeS: 9, localNextHops: ["fd00::1"] } ]
${more}`;

const BLOCK = /^blackhole 10\.244\.\d+\.\d+\/26$/;

t.test('an agent and a BIRD', { skip: missing ?? false }, async (t) => {
  t.test('blocks are announced, routes programmed, foreign ones untouched, and all of it over kill -9', async (t) => {
    const rack = await Rack.create();
    t.teardown(() => rack.remove());
    await rack.ip('route', 'add', '10.99.0.0/16', 'via', '10.0.0.9', 'proto', 'static');
    const blackholes = ['10.250.0.0/26', '10.250.0.64/26'].map((cidr) => cidr.replace('10.250', '10.244'));
    await rack.bird(
      [...blackholes.map((cidr) => `${cidr} blackhole`), '8.8.8.0/24 blackhole', '0.0.0.0/0 blackhole'],
      ['fd00:10:244::1000/122 blackhole'],
    );
    const first = await rack.agent(yaml(rack));
    const ours = await rack.until('four routes', async () => {
      const routes = await rack.ours();
      return routes.length === 4 && routes;
    });
    t.match(ours, ['10.244.0.0/26', '10.244.0.64/26', BLOCK, 'default']);
    const ours6 = await rack.until('both IPv6 routes', async () => {
      const routes = await rack.ours('-6');
      return routes.length === 2 && routes;
    });
    t.match(ours6, [/^blackhole fd00:10:244::/, 'fd00:10:244::1000/122']);
    t.match(await rack.ip('route', 'show', '10.99.0.0/16'), /via 10\.0\.0\.9 .*proto static/);
    const block = ours.find((route) => BLOCK.test(route))!.replace('blackhole ', '');
    const learned = await rack.until('the blocks at BIRD', async () => {
      const prefixes = await rack.learned();
      return prefixes.length === 2 && prefixes;
    });
    t.ok(learned.includes(block), 'the block is announced as one aggregate');
    await rack.until('the refused route', async () => {
      const { body } = await rack.call('GET', '/v1/routes/why?prefix=8.8.8.8');
      return /not eligible: the import policy refused it.*unreachable/.test(JSON.stringify(body));
    });
    await rack.until('readiness', async () => (await rack.call('GET', '/v1/health/ready')).status === 200);

    await first.end('SIGKILL');
    const monitor = rack.monitor();
    t.strictSame(await rack.ours(), ours, 'kill -9 leaves the routes');
    await rack.bird(
      [`${blackholes[0]} blackhole`, '10.244.7.0/26 blackhole', '0.0.0.0/0 blackhole'],
      ['fd00:10:244::1000/122 blackhole'],
    );
    const second = await rack.agent(yaml(rack));
    await rack.until('the stale route to go and the new one to come', async () => {
      const routes = await rack.ours();
      return routes.includes('10.244.7.0/26') && !routes.includes('10.244.0.64/26');
    });
    t.match(second.output(), /adopted 6 routes of an earlier run/);
    const deleted = monitor
      .text()
      .split('\n')
      .filter((line) => line.startsWith('Deleted'));
    monitor.stop();
    t.strictSame(
      deleted.filter((line) => !line.includes('10.244.0.64/26')),
      [],
      'nothing else was away for a moment',
    );
    await rack.until('nothing stale', async () => {
      const { stale, failed, pending } = ((await rack.call('GET', '/v1/fib')).body as FibPage).summary;
      return stale + failed + pending === 0;
    });
    await rack.until('the same block as before', async () => (await rack.learned()).includes(block));
    t.match(await rack.ip('route', 'show', '10.99.0.0/16'), /via 10\.0\.0\.9 .*proto static/);

    t.equal(await second.end('SIGTERM'), 0, 'a signal is a good end');
    t.ok((await rack.ours()).length >= 4, 'and leaves the routes as well');
    t.ok((await rack.learned()).includes(block), 'and BIRD keeps ours, as TCP ended without a Cease');
  });

  t.test('routes follow what BIRD withdraws, and the link', async (t) => {
    const rack = await Rack.create();
    t.teardown(() => rack.remove());
    await rack.bird(['10.244.0.0/26 blackhole', '10.244.0.64/26 blackhole']);
    await rack.agent(yaml(rack));
    await rack.until('both routes', async () => (await rack.ours()).length === 3);
    await rack.bird(['10.244.0.64/26 blackhole']);
    await rack.until('the withdrawal', async () => !(await rack.ours()).includes('10.244.0.0/26'));
    await rack.ip('link', 'set', 'e0', 'down');
    await rack.until('the loss of the next hop', async () => {
      const { body } = await rack.call('GET', '/v1/routes/why?prefix=10.244.0.64%2F26');
      return JSON.stringify(body).includes('next-hop-unreachable');
    });
    await rack.until('the route to be gone', async () => (await rack.ours()).length === 1);
    t.match(await rack.ours(), [BLOCK], 'the blackhole of the own block stays');
    await rack.ip('link', 'set', 'e0', 'up');
    await rack.until('the route to be back', async () => (await rack.ours()).includes('10.244.0.64/26'));
    const { body } = await rack.call('GET', '/v1/events?kind=link');
    t.match(JSON.stringify(body), /interface e0 is down/);
  });

  t.test("what stands in the way is told with the kernel's words", async (t) => {
    const rack = await Rack.create();
    t.teardown(() => rack.remove());
    await rack.ip('route', 'add', '10.244.0.0/26', 'via', '10.0.0.9', 'metric', '1024', 'proto', 'static');
    await rack.bird(['10.244.0.0/26 blackhole']);
    await rack.agent(yaml(rack));
    const failed = await rack.until('the refusal', async () => {
      const { body } = await rack.call('GET', '/v1/fib?state=failed');
      return (body as FibPage).routes[0];
    });
    t.match(failed, { prefix: '10.244.0.0/26', state: 'failed', error: /not ours/ });
    t.match((await rack.call('GET', '/v1/routes/why?prefix=10.244.0.1')).body, {
      fib: { state: 'failed', error: /not ours/ },
    });
    await rack.ip('route', 'del', '10.244.0.0/26', 'via', '10.0.0.9');
    await rack.until('the retry when it is gone', async () => (await rack.ours()).includes('10.244.0.0/26'));
  });

  t.test('a second agent on the same port is refused and disturbs nothing', async (t) => {
    const rack = await Rack.create();
    t.teardown(() => rack.remove());
    await rack.bird(['10.244.0.0/26 blackhole']);
    await rack.agent(yaml(rack));
    await rack.until('the first', async () => (await rack.ours()).length === 2);
    const before = await rack.ours();
    for (const [change, message] of [
      [(text: string) => text, /another agent is running as node "node-1" on the store/],
      [(text: string) => text.replace('node: node-1', 'node: node-2'), /another agent is running on the socket/],
      [
        (text: string) => text.replace('node: node-1', 'node: node-2').replace('agent.sock', 'other.sock'),
        /cannot listen for BGP on 10\.0\.0\.1:179: another BGP speaker has this port/,
      ],
    ] as const) {
      const second = await rack.agent(change(yaml(rack)), 'second');
      const status = await rack.until('its end', async () =>
        second.child.exitCode === null ? undefined : { code: second.child.exitCode },
      );
      t.equal(status.code, 5);
      t.match(second.output(), message);
    }
    t.strictSame(await rack.ours(), before);
    t.equal((await rack.call('GET', '/v1/health/ready')).status, 200);
  });

  t.test('without privileges it speaks BGP and says that it programs nothing', async (t) => {
    const rack = await Rack.create();
    t.teardown(() => rack.remove());
    await rack.bird(['10.244.0.0/26 blackhole']);
    // Still root, who may read this checkout wherever it lies, but without a single capability.
    const agent = await rack.agent(yaml(rack).replace('"10.0.0.1:179"', ''), 'node', [
      'setpriv',
      '--bounding-set=-all',
      '--inh-caps=-all',
    ]);
    const status = await rack.until('a session', async () => {
      const { body } = await rack.call('GET', '/v1/status');
      const one = body as Status;
      return one.sessions.established === 1 && one.routes.ipv4 > 0 && one;
    });
    t.match(status, {
      fib: { programming: false, reason: /CAP_NET_ADMIN is missing/ },
      warnings: [/programs nothing into the kernel: CAP_NET_ADMIN is missing/],
    });
    t.match(
      status.conditions.find(({ name }) => name === 'kernel'),
      { ok: false, detail: /programs nothing/ },
    );
    t.match(agent.output(), /"level":"warn".*programs nothing into the kernel/);
    t.strictSame(await rack.ours(), []);
    t.match((await rack.call('GET', '/v1/health/ready')).body, {
      status: 503,
      code: 'ERR_AGENT_NOT_READY',
      detail: /kernel: programs nothing/,
    });
    await rack.until('the announcement', async () => (await rack.learned()).length === 2);
  });

  t.test('a peer made and changed through the API has its session without a restart', async (t) => {
    const rack = await Rack.create();
    t.teardown(() => rack.remove());
    await rack.bird(['10.244.0.0/26 blackhole']);
    await rack.agent(yaml(rack).replace(/^peers:.*$/m, ''));
    await rack.until('the agent', async () => (await rack.call('GET', '/v1/health/live')).status === 200);
    t.equal(
      (
        await rack.call('POST', '/v1/peers', {
          name: 'tor',
          remoteAddress: '10.0.0.254',
          remoteAsn: 64512,
          connectRetryS: 1,
        })
      ).status,
      201,
    );
    await rack.until('the route', async () => (await rack.ours()).includes('10.244.0.0/26'));
    t.match((await rack.call('PATCH', '/v1/peers/tor', { description: 'the rack' })).body, {
      impact: 'applied',
      peer: { session: { state: 'established' } },
    });
    t.match((await rack.call('PATCH', '/v1/peers/tor', { import: [{ action: 'reject' }] })).body, {
      impact: 'soft-refresh',
    });
    await rack.until('the rejected route to go', async () => !(await rack.ours()).includes('10.244.0.0/26'));
    t.match((await rack.call('GET', '/v1/peers/tor/adj-rib-in?policy=before')).body, {
      routes: [{ prefix: '10.244.0.0/26' }],
    });
    t.match((await rack.call('PATCH', '/v1/peers/tor', { import: null })).body, { impact: 'soft-refresh' });
    await rack.until('the route again', async () => (await rack.ours()).includes('10.244.0.0/26'));
    t.equal((await rack.call('DELETE', '/v1/peers/tor')).status, 204);
    await rack.until('the end of the route', async () => !(await rack.ours()).includes('10.244.0.0/26'));
  });
});
