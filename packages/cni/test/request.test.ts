import { formatAddress } from '@tortie/ip';
import t from 'tap';
import { type AddRequest, CniError, errorResult, parseNetworkConfig, readRequest } from '../src/index.js';
import { invocation, read } from './call.js';

const add = (config: unknown, args = ''): AddRequest => read(invocation({ args }, config)) as AddRequest;

t.test('an ADD with everything that may be said', async (t) => {
  const request = add(
    {
      cniVersion: '1.1.0',
      mtu: 8950,
      dns: { nameservers: ['10.96.0.10'] },
      ipv4: true,
      ipv6: null,
      ipv4Pools: ['a', 'b'],
      ipMasq: false,
      socket: '/run/tortie/cni.sock',
      capabilities: { ips: true },
      'example.com/mine': 1,
    },
    'IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-1;K8S_POD_INFRA_CONTAINER_ID=x;ELSE=y',
  );
  t.same(request, {
    command: 'ADD',
    version: '1.1.0',
    attachment: { network: 'pods', containerId: 'c0ffee', ifName: 'eth0' },
    netns: '/run/netns/pod',
    settings: { mtu: 8950, ipMasq: false, dns: { nameservers: ['10.96.0.10'] } },
    wishes: {
      ipv4: true,
      ipv6: undefined,
      addresses: [],
      ipv4Pools: ['a', 'b'],
      ipv6Pools: undefined,
      mac: undefined,
    },
    pod: { namespace: 'default', name: 'web-1' },
  });
});

t.test('DEL needs neither a namespace nor a sound configuration', async (t) => {
  t.same(read(invocation({ command: 'DEL', netns: '' }, { nonsense: true, mtu: 'x', prevResult: 7 })), {
    command: 'DEL',
    version: '1.0.0',
    attachment: { network: 'pods', containerId: 'c0ffee', ifName: 'eth0' },
  });
});

t.test('CHECK reads prevResult of every shape, GC its list, STATUS nothing', async (t) => {
  for (const ips of [
    [{ address: '10.0.0.7/32' }],
    [{ version: '4', interface: 1, address: '10.0.0.7/32', gateway: '169.254.1.1' }],
  ]) {
    const prevResult = { interfaces: [{ name: 'tor1' }, { name: 'eth0', sandbox: '/run/netns/pod' }], ips };
    const request = read(invocation({ command: 'CHECK' }, { prevResult }));
    t.match(request, {
      previous: {
        interfaces: [
          { name: 'tor1', sandbox: '' },
          { name: 'eth0', sandbox: '/run/netns/pod' },
        ],
        addresses: [{ version: 4, a: 0x0a000007 }],
      },
    });
  }
  const config = { cniVersion: '1.1.0', 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] };
  t.same(read(invocation({ command: 'GC', containerId: '' }, config)), {
    command: 'GC',
    version: '1.1.0',
    network: 'pods',
    valid: [{ network: 'pods', containerId: 'c1', ifName: 'eth0' }],
  });
  t.same(read(invocation({ command: 'STATUS', containerId: '' }, { cniVersion: '1.1.0' })), {
    command: 'STATUS',
    version: '1.1.0',
  });
});

t.test('of several places that ask for addresses the nearest to the pod is heard, field by field', async (t) => {
  const places = {
    ipv4Pools: ['config'],
    ipv6Pools: ['config6'],
    args: { cni: { ips: ['10.0.0.4'], ipv4Pools: ['args'], mac: '02:00:00:00:00:04' } },
    runtimeConfig: {
      ips: ['10.0.0.2/24', 'fd00::2/64'],
      'io.kubernetes.cri.pod-annotations': { 'cni.projectcalico.org/ipAddrs': '["10.0.0.1"]' },
    },
  };
  const { wishes } = add(places, 'IP=10.0.0.3;MAC=02-00-00-00-00-0A');
  t.same(wishes.addresses.map(formatAddress), ['10.0.0.1']);
  t.same([wishes.ipv4Pools, wishes.ipv6Pools, wishes.mac], [['args'], ['config6'], '02:00:00:00:00:0a']);
  const { 'io.kubernetes.cri.pod-annotations': _, ...runtimeConfig } = places.runtimeConfig;
  t.same(add({ ...places, runtimeConfig }).wishes.addresses.map(formatAddress), ['10.0.0.2', 'fd00::2']);
  t.same(add({ args: places.args }, 'IP=10.0.0.3').wishes.addresses.map(formatAddress), ['10.0.0.3']);
  t.same(add({ args: places.args }).wishes.addresses.map(formatAddress), ['10.0.0.4']);
});

t.test('what is wrong is told with its place', async (t) => {
  const annotation = (key: string, text: string) => ({
    runtimeConfig: { 'io.kubernetes.cri.pod-annotations': { [`cni.projectcalico.org/${key}`]: text } },
  });
  const rows: readonly [unknown, string, RegExp][] = [
    [{ cniVersion: undefined }, 'ERR_CNI_VERSION', /no cniVersion, which means 0\.1\.0/],
    [{ cniVersion: '0.2.0' }, 'ERR_CNI_VERSION', /"0\.2\.0"; spoken here are 0\.3\.1/],
    [{ name: 'a b' }, 'ERR_CNI_CONFIG', /^\/name is "a b"; a network has a name/],
    [{ ipam: { type: 'host-local' } }, 'ERR_CNI_FIELD', /"ipam": \{"type":"host-local"\} is no field/],
    [{ mtu: 67 }, 'ERR_CNI_CONFIG', /^\/mtu is 67; it is a whole number from 68 to 65535/],
    [{ mtu: '1500' }, 'ERR_CNI_CONFIG', /^\/mtu is "1500"/],
    [{ dns: [] }, 'ERR_CNI_CONFIG', /^\/dns is \[\]/],
    [{ dns: { nameservers: '10.96.0.10' } }, 'ERR_CNI_CONFIG', /^\/dns\/nameservers is "10\.96\.0\.10"; it is a list/],
    [{ dns: { domain: 'x'.repeat(70_000) } }, 'ERR_CNI_CONFIG', /^\/dns is .*; it is at most 65536 characters long/],
    [{ ipv4: 'yes' }, 'ERR_CNI_CONFIG', /^\/ipv4 is "yes"; it is true or false/],
    [{ ipv4Pools: 'a' }, 'ERR_CNI_CONFIG', /^\/ipv4Pools is "a"; it is a list of texts/],
    [{ args: { cni: { ips: ['10.0.0'] } } }, 'ERR_CNI_CONFIG', /^\/args\/cni\/ips\/0 is "10\.0\.0"; it is an address/],
    [{ runtimeConfig: { ips: [7] } }, 'ERR_CNI_CONFIG', /^\/runtimeConfig\/ips is \[7\]/],
    [{ runtimeConfig: { mac: '01:00:00:00:00:01' } }, 'ERR_CNI_CONFIG', /^\/runtimeConfig\/mac is .* one interface/],
    [annotation('ipAddrs', '10.0.0.7'), 'ERR_CNI_CONFIG', /ipAddrs is "10\.0\.0\.7"; it is a JSON list/],
    [annotation('ipAddrs', '["x"]'), 'ERR_CNI_CONFIG', /cni\.projectcalico\.org~1ipAddrs.*\/0 is "x"/],
    [
      { runtimeConfig: { ips: ['10.0.0.1', '10.0.0.2'] } },
      'ERR_CNI_CONFIG',
      /10\.0\.0\.1 and 10\.0\.0\.2 are asked for/,
    ],
    [
      { runtimeConfig: { ips: ['fd00::7'] }, ipv6: false },
      'ERR_CNI_CONFIG',
      /fd00::7 is asked for, but \/ipv6 is false/,
    ],
    [{ ipv4: false, ipv6: false }, 'ERR_CNI_CONFIG', /a pod needs an address/],
  ];
  for (const [config, code, message] of rows) t.throws(() => add(config), { code, message }, JSON.stringify(config));
  t.throws(() => parseNetworkConfig('{'), { code: 'ERR_CNI_DECODE' });
  t.throws(() => parseNetworkConfig('[]'), { code: 'ERR_CNI_CONFIG' });
  t.throws(() => add({}, '=x'), { code: 'ERR_CNI_ENVIRONMENT', message: /"=x" is no KEY=VALUE/ });
});

t.test('what is deep or long is refused in few words', async (t) => {
  // Written by hand: nothing writes JSON as deep as it can be read.
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const refusal = (config: object): CniError => {
    const call = invocation({}, config);
    const text = Buffer.from(call.stdin).toString().replaceAll('"DEEP"', deep);
    try {
      readRequest(call, parseNetworkConfig(text));
    } catch (error) {
      if (error instanceof CniError) return error;
      throw error;
    }
    throw new Error('it was not refused');
  };
  const long = 'x'.repeat(500_000);
  const rows: readonly [object, string, RegExp][] = [
    [{ cniVersion: 'DEEP' }, 'ERR_CNI_VERSION', /nested too deep to be shown/],
    [{ cniVersion: long }, 'ERR_CNI_VERSION', /cniVersion "x{199}…; spoken here/],
    [{ name: 'DEEP' }, 'ERR_CNI_CONFIG', /^\/name is nested/],
    [{ dns: 'DEEP' }, 'ERR_CNI_CONFIG', /^\/dns is nested/],
    [{ args: 'DEEP' }, 'ERR_CNI_CONFIG', /^\/args is nested/],
    [{ runtimeConfig: { ips: 'DEEP' } }, 'ERR_CNI_CONFIG', /^\/runtimeConfig\/ips is nested/],
    [{ colour: 'DEEP' }, 'ERR_CNI_FIELD', /^"colour": nested/],
    [{ [long]: long }, 'ERR_CNI_FIELD', /^"x{199}…: "x{199}… is no field/],
    [
      { runtimeConfig: { ips: Array(1000).fill('10.0.0.1') } },
      'ERR_CNI_CONFIG',
      /^(10\.0\.0\.1 and ){2}10\.0\.0\.1 are/,
    ],
  ];
  for (const [config, code, message] of rows) t.match(refusal(config), { code, message }, `${message}`);
  t.match(add({ dns: { domain: 'a.example', colour: 'DEEP' } }).settings.dns, { domain: 'a.example' });
  const { message, details } = new CniError('ERR_CNI_KERNEL', long, { details: long });
  t.same([message.length, details?.length], [1001, 1001]);
});

t.test('names that an interface cannot have, or would not get', async (t) => {
  const named = (ifName: string): AddRequest => read(invocation({ ifName })) as AddRequest;
  for (const ifName of [
    '',
    '.',
    '..',
    'a/b',
    'a:b',
    'a b',
    'a\x01',
    'eth%d',
    'ä',
    'all',
    'default',
    'abcdefghijklmnop',
  ]) {
    t.throws(() => named(ifName), { code: 'ERR_CNI_ENVIRONMENT', message: /^CNI_IFNAME is / }, ifName);
  }
  for (const ifName of ['eth0', 'net1.100', 'a-b_c', 'abcdefghijklmno'])
    t.equal(named(ifName).attachment.ifName, ifName);
});

t.test('an error result has the numbers of the specification', async (t) => {
  t.same(errorResult('1.0.0', new CniError('ERR_CNI_TRY_AGAIN', 'later', { details: 'soon' })), {
    cniVersion: '1.0.0',
    code: 11,
    msg: 'later',
    details: 'soon',
  });
  t.same(errorResult('0.3.1', new CniError('ERR_CNI_VERSION', 'no')), { cniVersion: '0.3.1', code: 1, msg: 'no' });
});
