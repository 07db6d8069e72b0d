import { readdirSync, readFileSync } from 'node:fs';
import { readConfig } from '@tortie/agent';
import type { BmpCollector } from '@tortie/agent/api';
import t from 'tap';
import { parse } from 'yaml';
import { Agent, enterNamespaces, type Host, startBird, until, withHosts } from '../src/index.js';

await enterNamespaces();

const directory = new URL('../../../../examples/agents/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, directory), 'utf8');

for (const file of readdirSync(directory)) {
  t.test(`examples/agents/${file} is a configuration`, async (t) => {
    t.doesNotThrow(() => readConfig({ text: read(file), file, hostName: 'x' }));
  });
}

/** Runs an example as it is, but for the places of its socket and store. */
function startExample(host: Host, file: string, over: Readonly<Record<string, unknown>> = {}): Promise<Agent> {
  const config = parse(read(file)) as Record<string, unknown>;
  return Agent.start(host, {
    ...config,
    api: { ...(config.api as object | undefined), socket: host.path('agent.sock') },
    store: { path: host.path('store') },
    ...over,
  });
}

const tor = (session: string): string => `
router id 10.0.0.1;
protocol device {}
protocol direct { ipv4; ipv6; interface "eth*"; }
protocol static { ipv4; route 198.51.100.0/24 blackhole; }
template bgp node {
  local as 64512;
  connect delay time 1;
  connect retry time 1;
}
${session}`;

const established = (agent: Agent): Promise<unknown> =>
  until(async () => (await agent.peers()).every(({ session }) => session?.state === 'established'), {
    what: 'all sessions',
  });

t.test('tor.yaml peers with a BIRD in both families, and the BIRD learns both blocks', (t) =>
  withHosts(['tor', 'node-1'], async (lab) => {
    const bird = await startBird(
      lab.host('tor'),
      tor(`protocol bgp v4 from node { neighbor 10.0.0.2 as 64513; ipv4 { import all; export all; }; }
protocol bgp v6 from node { neighbor fd00::2 as 64513; ipv6 { import all; export all; }; }`),
    );
    const agent = await startExample(lab.host('node-1'), 'tor.yaml');
    await established(agent);
    const { blocks } = await agent.status();
    t.equal(blocks.length, 2);
    for (const block of blocks) {
      await until(async () => (await bird.birdc(`show route ${block} all`)).includes('64513'), { what: block });
    }
  }),
);

t.test('tor-md5.yaml peers with a BIRD that has the same key and GTSM', (t) =>
  withHosts(['tor', 'node-1'], async (lab) => {
    const protocol = (password: string): string =>
      tor(`protocol bgp v4 from node {
  neighbor 10.0.0.2 as 64513; password "${password}"; ttl security on;
  ipv4 { import all; export all; };
}`);
    const bird = await startBird(lab.host('tor'), protocol('correct horse battery staple'));
    const agent = await startExample(lab.host('node-1'), 'tor-md5.yaml');
    await established(agent);
    const peer = await agent.peer('tor');
    t.equal(peer.session?.holdTimeS, 9);
    t.ok(peer.passwordSet);
    t.notOk(JSON.stringify(peer).includes('correct horse'), 'the key is never shown');

    await bird.reconfigure(protocol('another'));
    await until(async () => (await agent.peer('tor')).session?.state !== 'established', { what: 'the loss' });
  }),
);

t.test('reflector.yaml and reflector-client.yaml exchange their blocks, and one client learns the other', (t) =>
  withHosts(['rr-1', 'node-1', 'node-2'], async (lab) => {
    const store = { store: { path: `${lab.directory}/store` } };
    const reflector = await startExample(lab.host('rr-1'), 'reflector.yaml', store);
    const one = await startExample(lab.host('node-1'), 'reflector-client.yaml', store);
    const two = await startExample(lab.host('node-2'), 'reflector-client.yaml', {
      ...store,
      node: 'node-2',
      routerId: '10.0.0.3',
    });
    await established(reflector);
    const [block] = (await two.status()).blocks;
    t.ok(block);
    const route = await until(
      async () => (await lab.host('node-1').kernelRoutes('ipv4', 201)).find(({ dst }) => dst === block),
      { what: 'the block of node-2 in the kernel of node-1' },
    );
    t.equal(route.gateway, '10.0.0.3', 'straight to the other client, not through the reflector');
    await established(one);
  }),
);

t.test('reflector-range.yaml reflects between BIRDs that it has never heard of', (t) =>
  withHosts(['reflector-1', 'node-1', 'node-2'], async (lab) => {
    const agent = await startExample(lab.host('reflector-1'), 'reflector-range.yaml');
    const client = (prefix: string): string => `
router id from "eth*";
protocol device {}
protocol static { ipv4; route ${prefix} blackhole; }
protocol bgp v4 {
  local as 64513; neighbor 10.0.0.1 as 64513; connect delay time 1; connect retry time 1;
  ipv4 { import all; export all; };
}
protocol bgp v6 {
  local as 64513; neighbor fd00::1 as 64513; connect delay time 1; connect retry time 1;
  ipv6 { import all; export all; };
}`;
    const [one, two] = [
      await startBird(lab.host('node-1'), client('198.51.100.0/25')),
      await startBird(lab.host('node-2'), client('198.51.100.128/25')),
    ];
    const names = ['nodes-ipv6/fd00::2', 'nodes-ipv6/fd00::3', 'nodes/10.0.0.2', 'nodes/10.0.0.3'];
    await until(
      async () => {
        const up = (await agent.peers()).filter(({ session }) => session?.state === 'established');
        return (
          up
            .map(({ name }) => name)
            .sort()
            .join() === names.join()
        );
      },
      { what: 'four peers of two ranges' },
    );
    for (const [bird, prefix] of [
      [one, '198.51.100.128/25'],
      [two, '198.51.100.0/25'],
    ] as const) {
      await until(async () => (await bird.birdc(`show route ${prefix}`)).includes('from 10.0.0.1'), { what: prefix });
    }
    await two.stop('SIGTERM');
    await until(async () => (await agent.peers()).length === 2, {
      what: 'the peers of the stopped BIRD to be forgotten',
      deadlineMs: 30_000,
    });
    t.match(await agent.client.get('/v1/peer-ranges/nodes'), { peers: ['nodes/10.0.0.2'] });
  }),
);

t.test('tor-bmp.yaml shows a collector what it asks for, and goes on dialling the one that is not there', (t) =>
  withHosts(['tor', 'node-1', 'station'], async (lab) => {
    await startBird(
      lab.host('tor'),
      tor('protocol bgp v4 from node { neighbor 10.0.0.2 as 64513; ipv4 { import all; export all; }; }'),
    );
    // Any program that reads is a collector.
    const reads =
      "require('node:net').createServer((socket) => socket.resume()).listen(1790, () => console.log('listens'))";
    const station = lab.host('station').spawn(process.execPath, ['-e', reads]);
    await until(() => station.logTail().includes('listens'), { what: 'the collector' });
    const agent = await startExample(lab.host('node-1'), 'tor-bmp.yaml');
    await established(agent);
    const collector = (name: string): Promise<BmpCollector> => agent.client.get(`/v1/bmp-collectors/${name}`);
    const { status } = await until(
      async () => {
        const one = await collector('station');
        return one.status?.state === 'connected' && !one.status.pending && one;
      },
      { what: 'the collector to be shown everything' },
    );
    t.ok(status!.messages > 3, `${status!.messages} messages`);
    const other = await until(
      async () => {
        const one = await collector('best-only');
        return one.status?.lastError !== undefined && one;
      },
      { what: 'the failure to reach the other' },
    );
    t.not(other.status?.state, 'connected');
  }),
);
