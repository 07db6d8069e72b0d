/** An agent that peers with a real BIRD, shown to a real collector: pmacct's pmbmpd, which writes what it reads as JSON. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { BmpCollector } from '@tortie/agent/api';
import { type Agent, enterNamespaces, type Host, type LabProcess, startBird, withHosts } from '@tortie/lab';
import t from 'tap';
import { birdConfig, staticRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import { established, LOCAL_ASN, peerAt, startAgent } from './start-agent.js';

await enterNamespaces();

const PMBMPD = '/usr/sbin/pmbmpd';
const BIRD_ASN = 65010;
const PORT = 1790;

/** A line of the collector's log: of its fields those that the test asks for. */
interface Line {
  readonly bmp_msg_type?: string;
  readonly log_type?: 'update' | 'withdraw';
  readonly peer_ip?: string;
  readonly ip_prefix?: string;
  readonly is_post?: number;
  readonly is_loc?: number;
  readonly is_out?: number;
  readonly [field: string]: unknown;
}

class Collector {
  readonly #host: Host;
  readonly #log: string;
  #process: LabProcess | undefined;

  constructor(host: Host) {
    this.#host = host;
    this.#log = host.path('bmp.json');
  }

  async start(): Promise<void> {
    const file = this.#host.path('pmbmpd.conf');
    writeFileSync(file, `bmp_daemon_ip: 0.0.0.0\nbmp_daemon_port: ${PORT}\nbmp_daemon_msglog_file: ${this.#log}\n`);
    this.#process = this.#host.spawn(PMBMPD, ['-f', file]);
    await eventually('pmbmpd to wait for us', () => {
      this.#process!.assertRunning();
      return this.#process!.logTail(50).includes('waiting for BMP data');
    });
  }

  async stop(): Promise<void> {
    await this.#process!.stop('SIGKILL');
  }

  lines(): readonly Line[] {
    if (!existsSync(this.#log)) return [];
    const text = readFileSync(this.#log, 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  }

  /** The first line from `from` on that has these fields. */
  async line(fields: Line, from = 0): Promise<Line> {
    return eventually(`a line ${JSON.stringify(fields)} of pmbmpd`, () =>
      this.lines()
        .slice(from)
        .find((line) => Object.entries(fields).every(([name, value]) => line[name] === value)),
    );
  }
}

const statusOf = async (agent: Agent): Promise<NonNullable<BmpCollector['status']>> =>
  (await agent.client.get<BmpCollector>('/v1/bmp-collectors/station')).status!;

const missing = !existsSync(PMBMPD) && 'pmbmpd (Debian package pmacct) is not installed';

t.test('pmbmpd reads sessions, received, accepted and best routes, and comes back', { skip: missing }, (t) =>
  withHosts(['bird', 'tortie', 'collector'], async (lab) => {
    const [bird, tortie, station] = [lab.host('bird'), lab.host('tortie'), lab.host('collector')];
    const router = await startBird(
      bird,
      birdConfig(
        bird.address(),
        (['ipv4', 'ipv6'] as const).map((family) => ({
          name: family === 'ipv4' ? 'tortie4' : 'tortie6',
          local: bird.address(family),
          localAsn: BIRD_ASN,
          remote: tortie.address(family),
          remoteAsn: LOCAL_ASN,
          families: [family],
        })),
        staticRoutes('four', 'ipv4', [
          '198.51.100.0/24 { bgp_community.add((65010,1)); bgp_path.prepend(4200000001); }',
          '203.0.113.0/24',
        ]) + staticRoutes('six', 'ipv6', ['2001:db8:7::/48']),
      ),
    );
    const collector = new Collector(station);
    await collector.start();
    const agent = await startAgent(tortie, {
      originate: [{ prefix: '192.0.2.0/24', communities: ['65001:9'] }],
      peers: [
        peerAt(bird, BIRD_ASN, {
          name: 'bird4',
          import: [{ match: { prefixes: [{ prefix: '203.0.113.0/24' }] }, action: 'reject' }, { action: 'accept' }],
        }),
        peerAt(bird, BIRD_ASN, { name: 'bird6' }),
      ],
    });
    await established(agent);
    await agent.client.call('POST', '/v1/bmp-collectors', {
      body: {
        name: 'station',
        address: station.address(),
        port: PORT,
        monitor: ['adj-rib-in-pre', 'adj-rib-in-post', 'loc-rib', 'adj-rib-out-post'],
        statsIntervalS: 1,
        connectRetryMaxS: 1,
      },
    });

    const init = await collector.line({ bmp_msg_type: 'init' });
    t.equal(init.bmp_init_info_sysname, 'tortie');
    const four = bird.address();
    const six = bird.address('ipv6');
    for (const [peer_ip, local_ip] of [
      [four, tortie.address()],
      [six, tortie.address('ipv6')],
    ] as const) {
      const up = await collector.line({ bmp_msg_type: 'peer_up', peer_ip });
      t.match(up, { peer_asn: BIRD_ASN, bgp_id: four, local_ip, peer_type: 0 }, `Peer Up of ${peer_ip}`);
    }
    t.match(await collector.line({ bmp_msg_type: 'peer_up', is_loc: 1 }), { peer_asn: LOCAL_ASN, peer_type: 3 });

    const route = { as_path: `${BIRD_ASN} 4200000001`, comms: '65010:1', bgp_nexthop: four };
    for (const view of [{ is_post: 0, peer_ip: four }, { is_post: 1, peer_ip: four }, { is_loc: 1 }]) {
      t.match(await collector.line({ log_type: 'update', ip_prefix: '198.51.100.0/24', ...view }), route);
      const other = view.is_loc ? view : { ...view, peer_ip: six };
      await collector.line({ log_type: 'update', ip_prefix: '2001:db8:7::/48', ...other });
    }
    await collector.line({ log_type: 'update', ip_prefix: '203.0.113.0/24', is_post: 0, peer_ip: four });
    const told = { log_type: 'update', ip_prefix: '192.0.2.0/24', is_out: 1, is_post: 1, peer_ip: four } as const;
    t.match(await collector.line(told), {
      as_path: String(LOCAL_ASN),
      bgp_nexthop: tortie.address(),
      comms: '65001:9',
    });
    await collector.line({ bmp_msg_type: 'stats', peer_ip: four, counter_type: 7, counter_value: 2 });
    await collector.line({ bmp_msg_type: 'stats', is_loc: 1, counter_type: 8, counter_value: 3 });
    t.notOk(
      collector
        .lines()
        .some((line) => line.ip_prefix === '203.0.113.0/24' && (line.is_post === 1 || line.is_loc === 1)),
      'what the import policy rejects is only shown as received',
    );

    await router.birdc('disable four');
    for (const view of [{ is_post: 0, peer_ip: four }, { is_post: 1, peer_ip: four }, { is_loc: 1 }]) {
      await collector.line({ log_type: 'withdraw', ip_prefix: '198.51.100.0/24', ...view });
    }
    await router.birdc('disable tortie4');
    const down = await collector.line({ bmp_msg_type: 'peer_down', peer_ip: four });
    t.equal(down.reason_type, 3, 'the peer sent a NOTIFICATION');

    await collector.stop();
    await eventually('the loss to be seen', async () => (await statusOf(agent)).state !== 'connected');
    t.ok((await statusOf(agent)).lastError);
    const from = collector.lines().length;
    await collector.start();
    await collector.line({ bmp_msg_type: 'init' }, from);
    await collector.line({ bmp_msg_type: 'route_monitor', ip_prefix: '2001:db8:7::/48', is_loc: 1 }, from);
    t.match(await statusOf(agent), { state: 'connected', connections: 2, dropped: 1 });
    await agent.client.call('DELETE', '/v1/bmp-collectors/station');
    const end = await collector.line({ bmp_msg_type: 'term' }, from);
    t.equal(end.bmp_term_info_reason, 'Session administratively closed');
  }),
);
