import { startBird } from '@tortie/lab';
import { birdConfig, staticRoutes } from '../../bird-text.js';
import { type Daemon, isIpv6 } from '../daemon.js';

const BFD = 'protocol bfd { interface "*" { interval 100 ms; multiplier 3; }; }\n';

export const bird: Daemon = {
  name: 'BIRD',
  command: 'bird',
  debianPackage: 'bird2',

  async version(host) {
    const { stdout, stderr } = await host.exec('bird', ['--version']);
    return (stdout + stderr).trim().replace(/^BIRD version /, '');
  },

  async start(host, wish) {
    const { local, localAsn, remoteAsn, password, community } = wish;
    const remote = wish.device === undefined ? wish.remote : `${wish.remote}%${wish.device}`;
    const options = [
      wish.passive && 'passive yes;',
      password !== undefined && `password "${password}";`,
      wish.ttlSecurity && 'ttl security on;',
      wish.holdTimeS !== undefined && `hold time ${wish.holdTimeS};`,
      'graceful restart on;',
      wish.longLivedS !== undefined && `long lived graceful restart on; long lived stale time ${wish.longLivedS};`,
      wish.bfd && 'bfd on;',
      wish.role && `local role ${wish.role};`,
      'enable extended messages on;',
    ];
    const channel = [
      wish.addPath === 'receive' && 'add paths rx;',
      wish.addPath === 'send' && 'add paths tx;',
      wish.extendedNextHop && 'extended next hop on;',
    ];
    const attributes = community === undefined ? '' : ` { bgp_community.add((${community.replace(':', ',')})); }`;
    const routes = (family: 'ipv4' | 'ipv6'): string =>
      staticRoutes(
        `s${family}`,
        family,
        wish.announce.filter((p) => isIpv6(p) === (family === 'ipv6')).map((prefix) => prefix + attributes),
      );
    const text = birdConfig(
      host.address(),
      [
        {
          name: 'tortie',
          local,
          localAsn,
          remote,
          remoteAsn,
          options: options.filter(Boolean).join(' '),
          channel: channel.filter(Boolean).join(' '),
        },
      ],
      routes('ipv4') + routes('ipv6') + (wish.bfd ? BFD : ''),
    );
    const running = await startBird(host, text);
    return {
      process: running.process,
      // BIRD answers a prefix it does not have with an error.
      route: (prefix) => running.birdc(`show route ${prefix} all protocol tortie`).catch(() => ''),
      refresh: async () => void (await running.birdc('reload in tortie')),
      shutDown: async (words) => void (await running.birdc(`disable tortie "${words}"`)),
    };
  },
};
