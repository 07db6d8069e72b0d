import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { until } from '@tortie/lab';
import { type Daemon, NotConfigurable } from '../daemon.js';

export const openbgpd: Daemon = {
  name: 'OpenBGPD',
  command: 'bgpctl',
  debianPackage: 'openbgpd',
  defects: [
    {
      log: /route refresh: AID \S+ \S+ not negotiated/,
      text: 'it refuses requests as "AID not negotiated", whoever asks and although it has negotiated the family',
    },
  ],

  async version(host) {
    const { stdout, stderr } = await host.exec('bgpd', ['-V'], { allowFailure: true });
    return (stdout + stderr).trim().replace(/^OpenBGPD /, '');
  },

  async start(host, wish) {
    if (wish.bfd) throw new NotConfigurable('has no BFD');
    if (wish.restarts) throw new NotConfigurable('announces the capability for End-of-RIB only, without any family');
    if (wish.extendedNextHop) throw new NotConfigurable('this version has no option for it');
    if (wish.longLivedS !== undefined) throw new NotConfigurable('this version knows nothing of it');
    const { remote, community } = wish;
    const [file, socket] = [host.path('bgpd.conf'), host.path('bgpd.sock')];
    const mark = community === undefined ? '' : ` set community ${community}`;
    const lines = [
      `AS ${wish.localAsn}`,
      `router-id ${host.address()}`,
      'fib-update no',
      `socket "${socket}"`,
      'connect-retry 1',
      ...(wish.holdTimeS === undefined ? [] : [`holdtime ${wish.holdTimeS}`]),
      ...wish.announce.map((prefix) => `network ${prefix}${mark}`),
      `neighbor ${remote} {`,
      `  remote-as ${wish.remoteAsn}`,
      `  local-address ${wish.local}`,
      ...(wish.passive ? ['  passive'] : []),
      ...(wish.password === undefined ? [] : [`  tcp md5sig password "${wish.password}"`]),
      ...(wish.ttlSecurity ? ['  ttl-security yes'] : []),
      ...(wish.role ? [`  announce policy ${wish.role}`] : []),
      ...(wish.addPath === 'receive' ? ['  announce add-path recv yes'] : []),
      ...(wish.addPath === 'send' ? ['  announce add-path send all'] : []),
      '  announce IPv4 unicast',
      '  announce IPv6 unicast',
      '  announce enhanced refresh yes',
      '  announce restart yes',
      '}',
      'allow from any',
      'allow to any',
      `match to any prefix ::/0 prefixlen >= 0 set nexthop ${wish.nextHop6}`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    chmodSync(file, 0o600);
    // The daemon's children live in their user's home, which the service unit would have made.
    const home = (await host.exec('getent', ['passwd', '_openbgpd'])).stdout.split(':')[5]!;
    mkdirSync(home, { recursive: true });
    const process = host.spawn('bgpd', ['-d', '-f', file], { name: 'openbgpd' });
    const bgpctl = async (...words: string[]): Promise<string> =>
      (await host.exec('bgpctl', ['-s', socket, ...words])).stdout;
    await until(() => bgpctl('show', 'summary').then(() => true), {
      what: 'an answer of OpenBGPD',
      deadlineMs: 60_000,
    });
    return {
      process,
      route: async (prefix) => {
        const text = await bgpctl('show', 'rib', 'in', 'neighbor', remote, 'detail', prefix).catch(() => '');
        return text.includes(prefix) ? text : '';
      },
      refresh: async () => void (await bgpctl('neighbor', remote, 'refresh')),
      shutDown: async (words) => void (await bgpctl('neighbor', remote, 'down', words)),
    };
  },
};
