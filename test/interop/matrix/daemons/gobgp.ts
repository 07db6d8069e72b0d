import { writeFileSync } from 'node:fs';
import { until } from '@tortie/lab';
import { type Daemon, isIpv6, NotConfigurable } from '../daemon.js';

export const gobgp: Daemon = {
  name: 'GoBGP',
  command: 'gobgpd',
  debianPackage: 'gobgpd',

  async version(host) {
    return (await host.exec('gobgpd', ['--version'])).stdout.trim().replace(/^gobgpd version /, '');
  },

  async start(host, wish) {
    if (wish.extendedNextHop && wish.device === undefined) throw new NotConfigurable('only with peers by interface');
    if (wish.bfd) throw new NotConfigurable('has no BFD');
    if (wish.role) throw new NotConfigurable('this version knows no roles');
    const { remote } = wish;
    const family = (name: string): string => `
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${name}"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
${
  wish.longLivedS === undefined
    ? ''
    : `    [neighbors.afi-safis.long-lived-graceful-restart.config]
      enabled = true
      restart-time = ${wish.longLivedS}
`
}    [neighbors.afi-safis.add-paths.config]
      receive = ${wish.addPath === 'receive'}
      ${wish.addPath === 'send' ? 'send-max = 4' : ''}`;
    const file = host.path('gobgp.toml');
    writeFileSync(
      file,
      `[global.config]
  as = ${wish.localAsn}
  router-id = "${host.address()}"
  ${wish.device === undefined ? `local-address-list = ["${wish.local}"]` : ''}
[[neighbors]]
  [neighbors.config]
    ${wish.device === undefined ? `neighbor-address = "${remote}"` : `neighbor-interface = "${wish.device}"`}
    peer-as = ${wish.remoteAsn}
    ${wish.password === undefined ? '' : `auth-password = "${wish.password}"`}
  [neighbors.transport.config]
    passive-mode = ${wish.passive === true}
    ${wish.device === undefined ? `local-address = "${wish.local}"` : ''}
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
    hold-time = ${wish.holdTimeS ?? 90}
    keepalive-interval = ${Math.floor((wish.holdTimeS ?? 90) / 3)}
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = 120
    long-lived-enabled = ${wish.longLivedS !== undefined}
${wish.ttlSecurity ? '  [neighbors.ttl-security.config]\n    enabled = true\n    ttl-min = 255\n' : ''}${family('ipv4-unicast')}${family('ipv6-unicast')}
`,
    );
    // Who is there it reads once, from the neighbour table, and dies where that is empty.
    if (wish.device !== undefined) await host.exec('ping', ['-c', '1', '-w', '10', `${remote}%${wish.device}`]);
    const process = host.spawn(
      'gobgpd',
      ['-t', 'toml', '-f', file, '--pprof-disable', '--api-hosts', '127.0.0.1:50051'],
      {
        name: 'gobgpd',
      },
    );
    const gobgp = async (...words: string[]): Promise<string> => (await host.exec('gobgp', words)).stdout;
    await until(() => gobgp('neighbor').then(() => true), { what: 'an answer of GoBGP', deadlineMs: 60_000 });
    const afi = (prefix: string): string[] => ['-a', isIpv6(prefix) ? 'ipv6' : 'ipv4'];
    for (const prefix of wish.announce) {
      const hop = ['nexthop', isIpv6(prefix) ? wish.nextHop6 : wish.nextHop4];
      const mark = wish.community === undefined ? [] : ['community', wish.community];
      await gobgp('global', 'rib', 'add', prefix, ...hop, ...mark, ...afi(prefix));
    }
    return {
      process,
      route: async (prefix) => {
        const { code, stdout } = await host.exec('gobgp', ['global', 'rib', prefix, ...afi(prefix)], {
          allowFailure: true,
        });
        return code === 0 && stdout.includes(prefix) ? stdout : '';
      },
      // Its softresetin applies the policies to what it holds; nothing makes it ask.
      shutDown: async (words) => void (await gobgp('neighbor', remote, 'shutdown', '--reason', words)),
    };
  },
};
