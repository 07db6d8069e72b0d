import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Daemon, isIpv6, NotConfigurable } from '../daemon.js';

export const exabgp: Daemon = {
  name: 'ExaBGP',
  command: 'exabgp',
  debianPackage: 'exabgp',

  async version(host) {
    const { stdout } = await host.exec('exabgp', ['--version']);
    return /ExaBGP : (\S+)/.exec(stdout)?.[1] ?? stdout.trim();
  },

  async start(host, wish) {
    if (wish.device !== undefined) throw new NotConfigurable('cannot dial a link-local address');
    if (wish.bfd) throw new NotConfigurable('has no BFD');
    if (wish.role) throw new NotConfigurable('this version knows no roles');
    if (wish.longLivedS !== undefined) throw new NotConfigurable('this version knows nothing of it');
    const [file, heard, pipe] = [host.path('exabgp.conf'), host.path('exabgp.json'), host.path('exabgp.in')];
    const routes = wish.announce.map((prefix) => {
      const hop = isIpv6(prefix) || wish.extendedNextHop ? wish.nextHop6 : wish.nextHop4;
      return `    route ${prefix} next-hop ${hop}${wish.community === undefined ? '' : ` community [${wish.community}]`};`;
    });
    // What the helper writes are commands; it follows a file of ours, and keeps what ExaBGP tells it.
    writeFileSync(pipe, '');
    const helper = host.path('exabgp.sh');
    writeFileSync(helper, `#!/bin/sh\nexec 3<&0\ncat <&3 >> '${heard}' &\nexec tail -n +1 -s 0.1 -f '${pipe}'\n`, {
      mode: 0o755,
    });
    writeFileSync(
      file,
      `process helper {
  run ${helper};
  encoder json;
}
neighbor ${wish.remote} {
  router-id ${host.address()};
  local-address ${wish.local};
  local-as ${wish.localAsn};
  peer-as ${wish.remoteAsn};
  hold-time ${wish.holdTimeS ?? 90};
  ${wish.passive ? 'passive true;' : ''}
  ${wish.password === undefined ? '' : `md5-password "${wish.password}";`}
  ${wish.ttlSecurity ? 'incoming-ttl 255; outgoing-ttl 255;' : ''}
  capability {
    route-refresh enable;
    graceful-restart 120;
    extended-message enable;
    ${wish.addPath === undefined ? '' : `add-path ${wish.addPath};`}
    ${wish.extendedNextHop ? 'nexthop enable;' : ''}
  }
  family { ipv4 unicast; ipv6 unicast; }
  ${wish.extendedNextHop ? 'nexthop { ipv4 unicast ipv6; }' : ''}
  api { processes [ helper ]; receive { parsed; update; } }
  static {
${routes.join('\n')}
  }
}
`,
    );
    const process = host.spawn('exabgp', [file], {
      name: 'exabgp',
      env: {
        'exabgp.daemon.user': 'root',
        'exabgp.daemon.daemonize': 'false',
        'exabgp.api.cli': 'false',
        'exabgp.tcp.bind': wish.local,
        'exabgp.tcp.port': '179',
        'exabgp.log.level': 'INFO',
      },
    });
    return {
      process,
      // ExaBGP keeps no table: what it told of the prefix last is what it would have.
      route: async (prefix) => {
        const told = existsSync(heard) ? readFileSync(heard, 'utf8').trim().split('\n') : [];
        const last = told.filter((line) => line.includes(`"${prefix}"`)).at(-1) ?? '';
        return last.includes('"announce"') ? last : '';
      },
      refresh: async () => writeFileSync(pipe, `announce route-refresh ipv4 unicast\n`, { flag: 'a' }),
    };
  },
};
