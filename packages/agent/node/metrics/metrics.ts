/**
 * Prometheus metrics, read from the same views as the API when somebody scrapes. Labels are bounded: peers by the
 * configuration, the rest by fixed words; never a prefix or an address.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import client from 'prom-client';
import type { RestContext } from '../rest/context.js';
import { VERSION } from '../status/version.js';
import { storeRoom } from '../store/store-room.js';
import { ipamMetrics } from './ipam-metrics.js';

export type MetricsContext = Pick<
  RestContext,
  | 'config'
  | 'speaker'
  | 'bfd'
  | 'journal'
  | 'peers'
  | 'status'
  | 'health'
  | 'fibSummary'
  | 'fib'
  | 'blockUsage'
  | 'mrt'
  | 'cni'
  | 'ipam'
  | 'garbage'
>;

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

interface Row {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  read(context: MetricsContext): Iterable<Sample>;
}

/** Event loop delay, measured from the first scrape on: nobody pays for it before. */
let delay: ReturnType<typeof monitorEventLoopDelay> | undefined;

const DIRECTIONS = [
  ['in', 'received'],
  ['out', 'sent'],
] as const;
const MESSAGE_TYPES = ['open', 'update', 'notification', 'keepalive', 'routeRefresh'] as const;

/** MRT files; rows without samples where they are not asked for. */
const MRT_ROWS: readonly Row[] = [
  {
    name: 'tortie_mrt_dumps_total',
    help: 'Table dumps since the start by result',
    type: 'counter',
    labels: ['result'],
    read({ mrt }) {
      const { dumps } = mrt.status();
      return dumps ? [[{ result: 'done' }, dumps.done] as const, [{ result: 'failed' }, dumps.failed] as const] : [];
    },
  },
  {
    name: 'tortie_mrt_last_dump_timestamp_seconds',
    help: 'When the last table dump that is there was begun',
    type: 'gauge',
    labels: [],
    read({ mrt }) {
      const last = mrt.status().dumps?.last;
      return last ? [[{}, Date.parse(last.startedAt) / 1000]] : [];
    },
  },
  {
    name: 'tortie_mrt_log_records_total',
    help: 'Records of the update log: taken, and dropped as the disk did not take them',
    type: 'counter',
    labels: ['result'],
    read({ mrt }) {
      const { updates } = mrt.status();
      if (!updates) return [];
      return [[{ result: 'taken' }, updates.records] as const, [{ result: 'dropped' }, updates.dropped] as const];
    },
  },
  {
    name: 'tortie_mrt_log_queued_bytes',
    help: 'Octets of the update log that are not yet with the disk',
    type: 'gauge',
    labels: [],
    read({ mrt }) {
      const { updates } = mrt.status();
      return updates ? [[{}, updates.queuedOctets]] : [];
    },
  },
];

const ROWS: readonly Row[] = [
  {
    name: 'tortie_node_info',
    help: 'Always 1; labels say who this is',
    type: 'gauge',
    labels: ['node', 'version', 'asn', 'router_id'],
    read(context) {
      const { node, asn, routerId } = context.status();
      return [[{ node, version: VERSION, asn: String(asn), router_id: routerId }, 1]];
    },
  },
  {
    name: 'tortie_ready',
    help: '1 where /v1/health/ready answers 200',
    type: 'gauge',
    labels: [],
    read: (context) => [[{}, context.health().ok ? 1 : 0]],
  },
  {
    name: 'tortie_bgp_session_established',
    help: '1 while the session is established',
    type: 'gauge',
    labels: ['peer'],
    read: ({ speaker, peers }) => [
      ...speaker.peers().map(({ name, state }): Sample => [{ peer: name }, state === 'established' ? 1 : 0]),
      // Who was never found on its interface is not with the speaker.
      ...peers
        .list()
        .filter(({ spec }) => speaker.peer(spec.name) === undefined)
        .map(({ spec }): Sample => [{ peer: spec.name }, 0]),
    ],
  },
  {
    name: 'tortie_bgp_session_drops_total',
    help: 'Established sessions that were lost',
    type: 'counter',
    labels: ['peer'],
    read: ({ speaker }) => speaker.peers().map(({ name, dropped }) => [{ peer: name }, dropped]),
  },
  {
    name: 'tortie_bgp_messages_total',
    help: 'BGP messages by direction and type',
    type: 'counter',
    labels: ['peer', 'direction', 'type'],
    *read({ speaker }) {
      for (const peer of speaker.peers()) {
        for (const [direction, field] of DIRECTIONS) {
          for (const type of MESSAGE_TYPES) yield [{ peer: peer.name, direction, type }, peer[field][type]];
        }
      }
    },
  },
  {
    name: 'tortie_bgp_prefixes',
    help: 'Prefixes per peer and family: received, stale, advertised',
    type: 'gauge',
    labels: ['peer', 'family', 'table'],
    *read({ speaker }) {
      for (const { name, families } of speaker.peers()) {
        for (const { family, received, stale, advertised } of families) {
          yield [{ peer: name, family, table: 'received' }, received];
          yield [{ peer: name, family, table: 'stale' }, stale];
          yield [{ peer: name, family, table: 'advertised' }, advertised];
        }
      }
    },
  },
  {
    name: 'tortie_bfd_session_up',
    help: '1 while BFD with the peer is up',
    type: 'gauge',
    labels: ['peer'],
    read: ({ bfd }) => bfdSessions(bfd).map(({ name, state }) => [{ peer: name }, state === 'up' ? 1 : 0]),
  },
  {
    name: 'tortie_bfd_session_flaps_total',
    help: 'BFD sessions that went from up to down',
    type: 'counter',
    labels: ['peer'],
    read: ({ bfd }) => bfdSessions(bfd).map(({ name, flaps }) => [{ peer: name }, flaps]),
  },
  {
    name: 'tortie_bfd_packets_total',
    help: 'BFD packets by direction',
    type: 'counter',
    labels: ['peer', 'direction'],
    *read({ bfd }) {
      for (const { name, packetsIn, packetsOut } of bfdSessions(bfd)) {
        yield [{ peer: name, direction: 'in' }, packetsIn];
        yield [{ peer: name, direction: 'out' }, packetsOut];
      }
    },
  },
  {
    name: 'tortie_bfd_dropped_packets_total',
    help: 'BFD packets that reached no session, by reason',
    type: 'counter',
    labels: ['reason'],
    read: ({ bfd }) => Object.entries(bfd.report?.dropped ?? {}).map(([reason, value]) => [{ reason }, value]),
  },
  {
    name: 'tortie_store_free_octets',
    help: 'Room on the disk under an embedded store',
    type: 'gauge',
    labels: [],
    read({ config }) {
      const room = config.store.etcd ? undefined : storeRoom(config.store.path);
      return room ? [[{}, room.freeOctets]] : [];
    },
  },
  {
    name: 'tortie_pods',
    help: 'Interfaces of pods that are plugged in',
    type: 'gauge',
    labels: [],
    read: ({ cni }) => (cni ? [[{}, cni.pods.list().length]] : []),
  },
  {
    name: 'tortie_pods_with_problems',
    help: 'Interfaces of pods with something wrong that the agent cannot set right',
    type: 'gauge',
    labels: [],
    read: ({ cni }) => (cni ? [[{}, cni.pods.problems.count]] : []),
  },
  {
    name: 'tortie_cni_calls_total',
    help: 'Calls of the CNI plugin by command and code of the answer, 0 for success',
    type: 'counter',
    labels: ['command', 'code'],
    read: ({ cni }) =>
      [...(cni?.calls ?? [])].map(([key, value]) => {
        const [command = '', code = ''] = key.split(' ');
        return [{ command, code }, value];
      }),
  },
  {
    name: 'tortie_bmp_connected',
    help: '1 while the BMP collector is connected',
    type: 'gauge',
    labels: ['collector'],
    read: ({ speaker }) =>
      speaker.bmpCollectors().map(({ name, state }) => [{ collector: name }, state === 'connected' ? 1 : 0]),
  },
  {
    name: 'tortie_bmp_messages_total',
    help: 'BMP messages handed to connections',
    type: 'counter',
    labels: ['collector'],
    read: ({ speaker }) => speaker.bmpCollectors().map(({ name, messages }) => [{ collector: name }, messages]),
  },
  {
    name: 'tortie_bmp_octets_total',
    help: 'Octets of those messages',
    type: 'counter',
    labels: ['collector'],
    read: ({ speaker }) => speaker.bmpCollectors().map(({ name, octets }) => [{ collector: name }, octets]),
  },
  {
    name: 'tortie_bmp_drops_total',
    help: 'Connections to BMP collectors that were lost or cut off',
    type: 'counter',
    labels: ['collector'],
    read: ({ speaker }) => speaker.bmpCollectors().map(({ name, dropped }) => [{ collector: name }, dropped]),
  },
  ...MRT_ROWS,
  {
    name: 'tortie_rib_prefixes',
    help: 'Prefixes in the loc-rib',
    type: 'gauge',
    labels: ['family'],
    read: ({ speaker }) => speaker.counters().families.map(({ family, prefixes }) => [{ family }, prefixes]),
  },
  {
    name: 'tortie_rib_routes',
    help: 'Routes of all peers together',
    type: 'gauge',
    labels: ['family'],
    read: ({ speaker }) => speaker.counters().families.map(({ family, routes }) => [{ family }, routes]),
  },
  {
    name: 'tortie_fib_routes',
    help: 'Kernel routes of this agent by state',
    type: 'gauge',
    labels: ['state'],
    read(context) {
      const { installed, pending, failed, stale } = context.fibSummary();
      return Object.entries({ installed, pending, failed, stale }).map(([state, value]) => [{ state }, value]);
    },
  },
  {
    name: 'tortie_fib_refusals_total',
    help: 'Routes the kernel refused',
    type: 'counter',
    labels: [],
    read: ({ fib }) => [[{}, fib?.table.refusals ?? 0]],
  },
  {
    name: 'tortie_fib_programming',
    help: '1 where this node programs the kernel',
    type: 'gauge',
    labels: [],
    read: (context) => [[{}, context.fibSummary().programming ? 1 : 0]],
  },
  {
    name: 'tortie_ipam_blocks',
    help: 'Blocks of this node by IP version',
    type: 'gauge',
    labels: ['version'],
    read: (context) => context.blockUsage().map(({ version, blocks }) => [{ version: String(version) }, blocks]),
  },
  {
    name: 'tortie_ipam_addresses',
    help: "Addresses of this node's blocks: assigned and free",
    type: 'gauge',
    labels: ['version', 'state'],
    *read(context) {
      for (const { version, assigned, free } of context.blockUsage()) {
        yield [{ version: String(version), state: 'assigned' }, assigned];
        yield [{ version: String(version), state: 'free' }, free];
      }
    },
  },
  {
    name: 'tortie_events_total',
    help: 'Events of the event log by kind',
    type: 'counter',
    labels: ['kind'],
    read: ({ journal }) => [...journal.events.counts].map(([kind, count]) => [{ kind }, count]),
  },
  {
    name: 'tortie_event_loop_delay_seconds',
    help: 'Delay of the event loop since the last scrape; measured from the first scrape on',
    type: 'gauge',
    labels: ['quantile'],
    read() {
      delay ??= monitorEventLoopDelay({ resolution: 50 });
      delay.enable();
      const samples: Sample[] = [0.5, 0.99].map((q) => [{ quantile: String(q) }, delay!.percentile(q * 100) / 1e9]);
      samples.push([{ quantile: '1' }, delay.max / 1e9]);
      delay.reset();
      return samples;
    },
  },
  {
    name: 'process_resident_memory_bytes',
    help: 'Resident memory',
    type: 'gauge',
    labels: [],
    read: () => [[{}, process.memoryUsage.rss()]],
  },
  {
    name: 'nodejs_heap_size_used_bytes',
    help: 'Memory of JavaScript objects',
    type: 'gauge',
    labels: [],
    read: () => [[{}, process.memoryUsage().heapUsed]],
  },
  {
    name: 'nodejs_external_memory_bytes',
    help: 'Memory of buffers, which hold the routes',
    type: 'gauge',
    labels: [],
    read: () => [[{}, process.memoryUsage().external]],
  },
  {
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time',
    type: 'counter',
    labels: [],
    read() {
      const { user, system } = process.cpuUsage();
      return [[{}, (user + system) / 1e6]];
    },
  },
  {
    name: 'process_start_time_seconds',
    help: 'Start of the process since the Unix epoch',
    type: 'gauge',
    labels: [],
    read: () => [[{}, Math.round(Date.now() / 1000 - process.uptime())]],
  },
];

const bfdSessions = (bfd: MetricsContext['bfd']) => bfd.report?.sessions ?? [];

/** The whole exposition, as text. */
export async function metricsText(context: MetricsContext): Promise<string> {
  await context.bfd.refresh();
  const registry = new client.Registry();
  for (const { name, help, type, labels, read } of ROWS) {
    const Metric = type === 'gauge' ? client.Gauge : client.Counter;
    const metric = new Metric({ name, help, labelNames: [...labels], registers: [registry] });
    for (const [sampleLabels, value] of read(context)) metric.inc(sampleLabels, value);
  }
  for (const { name, help, type, labels, samples } of await ipamMetrics(context)) {
    const Metric = type === 'gauge' ? client.Gauge : client.Counter;
    const metric = new Metric({ name, help, labelNames: [...labels], registers: [registry] });
    for (const [sampleLabels, value] of samples) metric.inc(sampleLabels, value);
  }
  return registry.metrics();
}
