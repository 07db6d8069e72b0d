import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@tortie/lab';
import { type Daemon, isIpv6 } from '../daemon.js';

const BGPD = '/usr/lib/frr/bgpd';
const BFDD = '/usr/lib/frr/bfdd';
const ZEBRA = '/usr/lib/frr/zebra';

export const frr: Daemon = {
  name: 'FRR',
  command: 'vtysh',
  debianPackage: 'frr',

  async version(host) {
    const { stdout } = await host.exec(BGPD, ['--version']);
    return /version (\S+)/.exec(stdout)?.[1] ?? stdout.split('\n')[0]!;
  },

  async start(host, wish) {
    const remote = wish.device ?? wish.remote;
    const neighbor = (words: string): string => ` neighbor ${remote} ${words}`;
    const family = (six: boolean): string[] => [
      ` address-family ${six ? 'ipv6' : 'ipv4'} unicast`,
      ...wish.announce
        .filter((prefix) => isIpv6(prefix) === six)
        .map((prefix) => `  network ${prefix}${wish.community === undefined ? '' : ' route-map mark'}`),
      ` ${neighbor('activate')}`,
      ...(six && !isIpv6(wish.remote) ? [` ${neighbor('route-map hop6 out')}`] : []),
      ...(wish.addPath === 'send' ? [` ${neighbor('addpath-tx-all-paths')}`] : []),
      ' exit-address-family',
    ];
    const lines = [
      'frr defaults traditional',
      'hostname frr',
      'log stdout informational',
      ...(wish.community === undefined ? [] : ['route-map mark permit 10', ` set community ${wish.community}`, 'exit']),
      'route-map hop6 permit 10',
      ` set ipv6 next-hop global ${wish.nextHop6}`,
      'exit',
      `router bgp ${wish.localAsn}`,
      ` bgp router-id ${host.address()}`,
      ' no bgp ebgp-requires-policy',
      ' no bgp default ipv4-unicast',
      ' no bgp network import-check',
      ' bgp graceful-restart',
      ...(wish.longLivedS === undefined ? [] : [` bgp long-lived-graceful-restart stale-time ${wish.longLivedS}`]),
      neighbor(`${wish.device === undefined ? '' : 'interface '}remote-as ${wish.remoteAsn}`),
      ...(wish.bfd ? [neighbor('bfd 3 100 100')] : []),
      neighbor('timers connect 1'),
      neighbor('advertisement-interval 0'),
      ...(wish.holdTimeS === undefined ? [] : [neighbor(`timers ${Math.ceil(wish.holdTimeS / 3)} ${wish.holdTimeS}`)]),
      ...(wish.role ? [neighbor(`local-role ${wish.role}`)] : []),
      ...(wish.passive ? [neighbor('passive')] : []),
      ...(wish.password === undefined ? [] : [neighbor(`password ${wish.password}`)]),
      ...(wish.ttlSecurity ? [neighbor('ttl-security hops 1')] : []),
      ...(wish.extendedNextHop ? [neighbor('capability extended-nexthop')] : []),
      ...family(false),
      ...family(true),
    ];
    // Both daemons give up root, and what they share is theirs: not below the lab's own folder.
    const folder = mkdtempSync(join(tmpdir(), 'tortie-frr-'));
    const file = join(folder, 'frr.conf');
    writeFileSync(file, `${lines.join('\n')}\n`);
    await host.exec('chown', ['-R', 'frr:frr', folder]);
    const common = ['-z', join(folder, 'zserv'), '-P', '0', '--vty_socket', folder];
    // zebra tells bgpd of the interfaces: without it bgpd takes no link-local next hop.
    host.spawn(ZEBRA, [...common, '-i', join(folder, 'zebra.pid')], { name: 'zebra' });
    await until(() => existsSync(join(folder, 'zserv')), { what: 'zebra', deadlineMs: 60_000 });
    if (wish.bfd) {
      host.spawn(BFDD, [...common, '-i', join(folder, 'bfdd.pid'), '--bfdctl', join(folder, 'bfdd.ctl')], {
        name: 'bfdd',
      });
      await until(() => existsSync(join(folder, 'bfdd.vty')), { what: 'bfdd', deadlineMs: 60_000 });
    }
    const process = host.spawn(BGPD, [...common, '-f', file, '-i', join(folder, 'bgpd.pid')], { name: 'frr' });
    process.child.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const vtysh = async (...commands: string[]): Promise<string> => {
      const words = commands.flatMap((command) => ['-c', command]);
      return (await host.exec('vtysh', ['--vty_socket', folder, '-d', 'bgpd', ...words])).stdout;
    };
    await until(() => vtysh('show bgp summary').then(() => true), { what: 'an answer of FRR', deadlineMs: 60_000 });
    return {
      process,
      route: async (prefix) => {
        const text = await vtysh(`show bgp ${isIpv6(prefix) ? 'ipv6' : 'ipv4'} unicast ${prefix}`);
        return text.includes('not in table') ? '' : text;
      },
      refresh: async () => void (await vtysh(`clear bgp ipv4 unicast ${remote} in`)),
      shutDown: async (words) =>
        void (await vtysh(
          'configure terminal',
          `router bgp ${wish.localAsn}`,
          `neighbor ${remote} shutdown message ${words}`,
        )),
    };
  },
};
