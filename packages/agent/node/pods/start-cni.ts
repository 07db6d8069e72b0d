/** Plugs the CNI service into the agent. Loaded only where the configuration has `cni:`. */
import { formatPrefix } from '@tortie/ip';
import type { Rtnetlink } from '@tortie/linux/node';
import type { Agent } from '../agent.js';
import { CniService } from './cni-service.js';
import { HostMtu } from './host-mtu.js';

/** Metrics of routes to pods: the first, unless it is that of the FIB, which would sweep them as its own. */
const METRICS = [32, 33] as const;

export function startCni(agent: Agent, socket: string, rtnetlink: Rtnetlink): Promise<CniService> {
  const { config, ipam, journal, links, blocks, blocksLoop } = agent;
  const { protocol, metric, table } = config.kernel;
  const mtu = new HostMtu(rtnetlink);
  links?.follow(() => mtu.forget());
  return CniService.start({
    socket,
    node: config.node,
    linkName: (ifindex) => links?.name(ifindex),
    ipam,
    rtnetlink,
    journal,
    mark: { protocol, table, metric: METRICS[0] === metric ? METRICS[1] : METRICS[0] },
    // What fits through every tunnel that pools ask for.
    mtu: async () => Math.min(await mtu.get(), (await agent.dataplane.tunnelMtu()) ?? Number.POSITIVE_INFINITY),
    // The pod may use its address at once: a new block or a borrowed address is announced before the answer.
    async announced(assignments) {
      const known = new Set(blocks.addressing.ownBlocks.map(formatPrefix));
      if (assignments.some((one) => one.borrowed || !known.has(formatPrefix(one.block)))) await blocksLoop.settle();
    },
  });
}
