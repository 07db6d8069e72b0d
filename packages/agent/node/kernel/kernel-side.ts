/**
 * Everything the agent has of the kernel: reading links, next hops and addresses needs no privileges, writing routes
 * does. What is missing is said in words, and the agent speaks BGP without it.
 */
import type { RunningSpeaker } from '@tortie/bgp/node';
import { type Address, type Prefix, parsePrefix } from '@tortie/ip';
import { LinuxError } from '@tortie/linux';
import {
  type FibWriter,
  openFibWriter,
  openRtnetlink,
  probeKernel,
  type Rtnetlink,
  type Subscription,
  subscribeEvents,
} from '@tortie/linux/node';
import type { FibSummary } from '../../src/api/fib.js';
import type { AgentConfig } from '../../src/config/config.js';
import { TUNNELS } from '../../src/ways/tunnel.js';
import type { Journal } from '../journal.js';
import { EcmpHash } from '../reconcilers/ecmp-hash.js';
import { FibReconciler } from '../reconcilers/fib.js';
import { Links, nodeAddresses } from '../reconcilers/links.js';
import { NextHops } from '../reconcilers/next-hops.js';
import { OwnRules } from '../reconcilers/own-rules.js';
import { PeerGateways } from '../reconcilers/peer-gateways.js';

/** Whether routes are programmed; `off` as configured, `failed` with the reason. */
export type Programming =
  | { readonly state: 'on' }
  | { readonly state: 'off' }
  | { readonly state: 'failed'; readonly reason: string };

export interface KernelSide {
  readonly programming: Programming;
  /** TCP-MD5, GTSM and devices need the native addon. */
  readonly hasAddon: boolean;
  readonly links: Links | undefined;
  readonly rtnetlink: Rtnetlink | undefined;
  readonly nextHops: NextHops | undefined;
  readonly fib: FibReconciler | undefined;
  /** Absent where the kernel cannot be asked. */
  readonly gateways: PeerGateways | undefined;
  readonly addresses: readonly Address[];
  /** The kernel has routes of an earlier run. */
  readonly keptRoutes: boolean;
  /** Called for each route of others that comes or goes; without a prefix where rules have changed: it may be any. */
  onForeignRoute(listener: (prefix: Prefix | undefined) => void): void;
  summary(): FibSummary;
  attach(speaker: RunningSpeaker): void;
  close(): Promise<void>;
}

export async function openKernelSide(config: AgentConfig, journal: Journal): Promise<KernelSide> {
  const { kernel } = config;
  const place = { protocol: kernel.protocol, ...(kernel.vrf !== undefined && { vrf: kernel.vrf }) };
  const capabilities = await probeKernel();
  const rtnetlink = capabilities.addon.available ? await openRtnetlink().catch(() => undefined) : undefined;
  let fib: FibReconciler | undefined;
  let links: Links | undefined;
  let nextHops: NextHops | undefined;
  let gateways: PeerGateways | undefined;
  if (rtnetlink) {
    links = await Links.start({ rtnetlink, journal, onChange: () => fib?.changed() });
    gateways = new PeerGateways({ ...place, journal });
    nextHops = await NextHops.start({
      ...place,
      links,
      journal,
      gateways,
      onChange: (address) => fib?.nextHopChanged(address),
    });
  }
  if (gateways) {
    gateways.onChange = (routes, peers) => {
      fib?.setDirect(routes, 'peers');
      nextHops?.gatewaysChanged(peers);
    };
  }
  let programming: Programming = { state: 'off' };
  if (kernel.program) {
    programming = capabilities.netAdmin.available
      ? { state: 'on' }
      : { state: 'failed', reason: capabilities.netAdmin.reason };
  }
  const listeners: ((prefix: Prefix | undefined) => void)[] = [];
  let keptRoutes = false;
  let foreignRoutes: Subscription | undefined;
  let rules: OwnRules | undefined;
  let ecmpHash: EcmpHash | undefined;
  let table = kernel.table;
  if (programming.state === 'on') {
    try {
      table = await tableOf(config, rtnetlink);
      const writer = await openWriter(config, table, (what) => fib?.disturbed(what));
      if (kernel.ecmp?.resilient && !writer.usesResilientGroups) {
        const cause = 'this kernel has no resilient nexthop groups (Linux 5.13)';
        journal.event({ kind: 'fib', text: 'flows are dealt out anew when next hops come and go', cause }, 'warn');
      }
      fib = new FibReconciler({
        writer,
        journal,
        resolve: (hop) => nextHops?.resolve(hop) ?? { reason: 'the kernel cannot be asked' },
        settled: () => nextHops?.settled ?? true,
        multipath: config.bgp.multipath,
        deferralS: config.bgp.gracefulRestart.deferralS,
        // In a VRF nobody makes any.
        awaitsDirect: kernel.vrf === undefined,
        isTunnel: (ifindex) => TUNNELS.some(({ device }) => device === links?.name(ifindex)),
      });
      foreignRoutes = await subscribeEvents({
        groups: ['route', 'rule'],
        ignoreRouteProtocol: kernel.protocol,
        onEvents(events) {
          for (const event of events) {
            if (event.type === 'rule') for (const listener of listeners) listener(undefined);
            if (event.type !== 'route') continue;
            if (event.removed) fib?.foreignRouteGone(event.route.prefix);
            for (const listener of listeners) listener(event.route.prefix);
          }
        },
        onResync: () => fib?.changed(),
      });
      keptRoutes = await fib.adopt();
      if (kernel.ecmp?.hash) ecmpHash = new EcmpHash(kernel.ecmp.hash, journal);
      rules = await OwnRules.start({ rtnetlink: rtnetlink!, journal, ipv6: capabilities.ipv6.available, ...kernel });
    } catch (error) {
      fib = undefined;
      programming = { state: 'failed', reason: (error as Error).message };
    }
  }
  if (programming.state === 'failed') {
    journal.event({ kind: 'fib', text: 'programs nothing into the kernel', cause: programming.reason }, 'warn');
  }
  return {
    programming,
    hasAddon: capabilities.addon.available,
    links,
    rtnetlink,
    nextHops,
    fib,
    gateways,
    addresses: rtnetlink ? await nodeAddresses(rtnetlink) : [],
    keptRoutes,
    onForeignRoute: (listener) => void listeners.push(listener),
    summary() {
      const { protocol, metric } = kernel;
      const counts = fib?.table.counts ?? { installed: 0, pending: 0, failed: 0, stale: 0 };
      const reason = reasonOf(programming);
      return { programming: fib !== undefined, ...(reason && { reason }), protocol, metric, table, ...counts };
    },
    attach(speaker) {
      nextHops?.attach(speaker);
      fib?.attach(speaker);
    },
    async close() {
      foreignRoutes?.close();
      await rules?.close();
      await ecmpHash?.close();
      links?.close();
      nextHops?.close();
      await gateways?.close();
      await fib?.close();
      rtnetlink?.close();
    },
  };
}

function reasonOf(programming: Programming): string | undefined {
  if (programming.state === 'on') return undefined;
  return programming.state === 'off' ? 'kernel.program is false' : programming.reason;
}

/** Throws LinuxError where there is no such VRF. */
async function tableOf({ kernel }: AgentConfig, rtnetlink: Rtnetlink | undefined): Promise<number> {
  const { vrf, table } = kernel;
  if (vrf === undefined) return table;
  const link = await rtnetlink?.link(vrf);
  if (link?.vrf) return link.vrf.table;
  throw new LinuxError(
    'ERR_LINUX_NOT_FOUND',
    link
      ? `kernel.vrf: ${vrf} is no VRF device but ${link.kind ?? 'a real interface'}`
      : `kernel.vrf: there is no interface ${vrf}`,
  );
}

function openWriter(
  { kernel: { protocol, metric, ecmp } }: AgentConfig,
  table: number,
  onDisturbed: (what: Parameters<FibReconciler['disturbed']>[0]) => void,
): Promise<FibWriter> {
  const { resilient } = ecmp ?? {};
  const prefixes = resilient?.prefixes?.map(parsePrefix);
  return openFibWriter({
    protocol,
    metric,
    table,
    onDisturbed,
    ...(resilient && { resilient: { ...resilient, prefixes } }),
  });
}
