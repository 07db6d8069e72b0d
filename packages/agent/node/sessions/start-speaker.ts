/** Starts the BGP speaker of the configuration, and says what to do where it cannot listen. */
import type { RunningSpeaker, runSpeaker } from '@tortie/bgp/node';
import { parseAddress } from '@tortie/ip';
import { linuxTransport } from '@tortie/linux/node';
import type { AgentConfig } from '../../src/config/config.js';
import { AgentError } from '../../src/errors.js';
import type { RouterId } from '../../src/node/router-id.js';
import { tryParseEndpoint } from '../../src/schema/formats.js';
import type { KernelSide } from '../kernel/kernel-side.js';

/** Throws ERR_AGENT_ADDRESS_IN_USE. */
export async function startSpeaker(
  start: typeof runSpeaker,
  config: AgentConfig,
  kernel: KernelSide,
  routerId: RouterId,
): Promise<RunningSpeaker> {
  const { bgp, asn, clusterId } = config;
  const { vrf } = config.kernel;
  try {
    return await start({
      asn,
      routerId: routerId.value,
      ...(clusterId !== undefined && { clusterId: parseAddress(clusterId).a }),
      listen: bgp.listen.map((text) => {
        const { address, port } = tryParseEndpoint(text)!;
        return { address: parseAddress(address), port };
      }),
      ...(kernel.hasAddon && { transport: linuxTransport(vrf === undefined ? {} : { device: vrf }) }),
      ...(kernel.keptRoutes && { restarting: { forwardingKept: true, deferralS: bgp.gracefulRestart.deferralS } }),
    });
  } catch (error) {
    const code = (error as { code?: string; errnoName?: string }).errnoName ?? (error as { code?: string }).code;
    if (code === 'ENODEV' && vrf !== undefined) {
      const detail = `kernel.vrf: there is no interface ${vrf}; "ip link add ${vrf} type vrf table N" makes it, before the agent starts`;
      throw new AgentError('ERR_AGENT_ADDRESS_IN_USE', detail, { cause: error });
    }
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw error;
    const why =
      code === 'EADDRINUSE'
        ? 'another BGP speaker has this port; stop it, or change "bgp.listen:"'
        : code === 'EACCES'
          ? 'ports below 1024 need CAP_NET_BIND_SERVICE; run as root, or change "bgp.listen:"'
          : 'this node has no such address; change "bgp.listen:"';
    throw new AgentError('ERR_AGENT_ADDRESS_IN_USE', `cannot listen for BGP on ${bgp.listen.join(', ')}: ${why}`, {
      cause: error,
    });
  }
}
