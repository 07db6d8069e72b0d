/** A node finds the address for the others in a real kernel, by each method, keeps it, and says why there is none. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { ResourceView } from '@tortie/agent/api';
import { enterNamespaces, withHosts } from '@tortie/lab';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { eventually } from './eventually.js';
import { startAgent } from './start-agent.js';

await enterNamespaces();

/** Beside eth0, which has 10.0.0.1/24: an interface with a secondary address and one that moves between hosts. */
const NETWORK = [
  ['link', 'add', 'uplink7', 'type', 'veth', 'peer', 'name', 'far'],
  ['addr', 'add', '172.20.0.99/32', 'dev', 'uplink7'],
  ['addr', 'add', '172.20.0.5/24', 'dev', 'uplink7'],
  ['addr', 'add', '172.20.0.6/24', 'dev', 'uplink7'],
  ['link', 'set', 'uplink7', 'up'],
  ['link', 'set', 'far', 'up'],
  ['route', 'add', '203.0.113.0/24', 'via', '172.20.0.254'],
];

const CASES: readonly (readonly [method: string, address: string | undefined])[] = [
  ['interface=^uplink', '172.20.0.5/24'],
  ['skip-interface=^up,far', '10.0.0.1/24'],
  ['can-reach=203.0.113.1', '172.20.0.5/24'],
  ['cidr=10.0.0.0/8', '10.0.0.1/24'],
  ['interface=^bond', undefined],
];

t.test('methods of the address for other nodes', (t) =>
  withHosts(['node-1'], async (lab) => {
    const host = lab.host('node-1');
    for (const line of NETWORK) await host.exec('ip', line);
    const agent = await startAgent(host, { nodeAddress: { ipv4: 'interface=^uplink' } });
    const told = async (): Promise<unknown> =>
      (await agent.client.get<ResourceView>('/v1/resources/nodes/node-1')).status?.ipv4Address;
    for (const [method, address] of CASES) {
      const config = parse(readFileSync(agent.configFile, 'utf8')) as object;
      writeFileSync(agent.configFile, stringify({ ...config, nodeAddress: { ipv4: method } }));
      await agent.restart();
      await eventually(`${method} gives ${address}`, async () => (await told()) === address);
      const { warnings } = await agent.status();
      const said = warnings.filter((text) => text.includes('nodeAddress'));
      if (address !== undefined) t.same(said, [], method);
      else
        t.match(said, [/^nodeAddress\.ipv4, interface=\^bond: no interface of such a name has an address; there are /]);
    }
    // Made anew without a method it would prefer eth0; it keeps what it has told.
    const config = parse(readFileSync(agent.configFile, 'utf8')) as object;
    writeFileSync(agent.configFile, stringify({ ...config, nodeAddress: { ipv4: 'interface=^uplink' } }));
    await agent.restart();
    await eventually('it is on the other interface', async () => (await told()) === '172.20.0.5/24');
    writeFileSync(agent.configFile, stringify({ ...config, nodeAddress: {} }));
    await agent.restart();
    await eventually('it is kept', async () => (await told()) === '172.20.0.5/24');
    await host.exec('ip', ['addr', 'add', '10.0.0.77/24', 'dev', 'eth0']);
    t.equal(await told(), '172.20.0.5/24');
    await host.exec('ip', ['link', 'delete', 'uplink7']);
    await eventually('the other one when it is gone', async () => (await told()) === '10.0.0.1/24');
  }),
);
