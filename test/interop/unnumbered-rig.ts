import type { Peer, PeerSpec } from '@tortie/agent/api';
import { type Agent, type Host, runCommand, withHosts } from '@tortie/lab';
import type { Test } from 'tap';
import { eventually } from './eventually.js';
import { type FrrRouter, frrMissing } from './frr-router.js';
import { startAgent } from './start-agent.js';

export const ASN = 65010;
export const OURS4 = '192.0.2.1';
export const OURS6 = '2001:db8:1::1';
export const THEIRS4 = '198.51.100.1';
export const THEIRS6 = '2001:db8:2::1';
export const skipFrr = frrMissing();

export async function gobgpMissing(): Promise<string | false> {
  const { code } = await runCommand('sh', ['-c', 'command -v gobgpd'], { allowFailure: true });
  return code === 0 ? false : 'GoBGP is not installed (Debian: gobgpd)';
}

export const withTwo = (work: (router: Host, tortie: Host) => Promise<void>): Promise<void> =>
  withHosts(['router', 'tortie'], (lab) => work(lab.host('router'), lab.host('tortie')));

export const ip = async (host: Host, ...words: string[]): Promise<string> =>
  (await runCommand('ip', ['-n', host.netns, ...words])).stdout;

/** Plugs the two together once more, without any address but the link-local ones. */
export async function wire(router: Host, tortie: Host, name: string): Promise<void> {
  await runCommand('ip', [
    'link',
    'add',
    name,
    'netns',
    router.netns,
    'type',
    'veth',
    'peer',
    'name',
    name,
    'netns',
    tortie.netns,
  ]);
  for (const host of [router, tortie]) {
    await host.exec('sysctl', ['-qw', `net.ipv6.conf.${name}.accept_dad=0`]);
    await ip(host, 'link', 'set', name, 'up');
  }
}

/** The addresses that are announced: nothing else on these hosts can be reached over the wires. */
export async function loopbacks(router: Host, tortie: Host): Promise<void> {
  for (const [host, four, six] of [
    [router, THEIRS4, THEIRS6],
    [tortie, OURS4, OURS6],
  ] as const) {
    await ip(host, 'address', 'add', `${four}/32`, 'dev', 'lo');
    await ip(host, 'address', 'add', `${six}/128`, 'dev', 'lo');
  }
}

export const linkLocal = async (host: Host, device: string): Promise<string> =>
  eventually(
    `a link-local address on ${device} of ${host.name}`,
    async () =>
      / inet6 (fe80::\S+)\/64 /.exec(await ip(host, '-6', 'address', 'show', 'dev', device, 'scope', 'link'))?.[1],
  );

export const frrLines = (host: Host, interfaces: readonly string[], remoteAs = 'external'): string[] => [
  `router bgp ${ASN}`,
  ` bgp router-id ${host.address()}`,
  ' no bgp ebgp-requires-policy',
  ' no bgp network import-check',
  ' bgp bestpath as-path multipath-relax',
  ...interfaces.flatMap((name) => [
    ` neighbor ${name} interface remote-as ${remoteAs}`,
    ` neighbor ${name} timers connect 1`,
    ` neighbor ${name} advertisement-interval 0`,
  ]),
  ' address-family ipv4 unicast',
  `  network ${THEIRS4}/32`,
  ' exit-address-family',
  ' address-family ipv6 unicast',
  `  network ${THEIRS6}/128`,
  ...interfaces.map((name) => `  neighbor ${name} activate`),
  ' exit-address-family',
];

export const onInterface = (name: string, over: Partial<PeerSpec> = {}): PeerSpec => ({
  name,
  interface: name,
  remoteAsn: 'external',
  connectRetryS: 1,
  idleHoldMaxS: 1,
  ...over,
});

export const startTortie = (host: Host, peers: readonly PeerSpec[], config = {}): Promise<Agent> =>
  startAgent(host, {
    peers: [...peers],
    originate: [{ prefix: `${OURS4}/32` }, { prefix: `${OURS6}/128` }],
    ...config,
  });

/** Our kernel's route, in one line without what does not matter. */
export const route = async (host: Host, family: '-4' | '-6', prefix: string): Promise<string> =>
  (await ip(host, family, 'route', 'show', prefix)).replaceAll(/\s+/g, ' ').trim();

export async function reaches(t: Test, host: Host, from: string, to: string): Promise<void> {
  await eventually(`${host.name} to reach ${to}`, async () => {
    await host.exec('ping', ['-c', '1', '-W', '1', '-I', from, to]);
    return true;
  });
  t.pass(`${host.name} reaches ${to} from ${from}`);
}

/** Both kernels forward both families over these interfaces. */
export async function traffic(t: Test, router: Host, tortie: Host): Promise<void> {
  await reaches(t, tortie, OURS4, THEIRS4);
  await reaches(t, tortie, OURS6, THEIRS6);
  await reaches(t, router, THEIRS4, OURS4);
  await reaches(t, router, THEIRS6, OURS6);
}

export const discovery = async (agent: Agent, name: string): Promise<Peer['discovery']> =>
  (await agent.peer(name)).discovery;

export const frrRoute = (frr: FrrRouter, prefix: string): Promise<string> =>
  frr.vtysh(`show bgp ${prefix.includes(':') ? 'ipv6' : 'ipv4'} unicast ${prefix}`);
