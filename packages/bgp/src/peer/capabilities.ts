/** The capabilities that our OPEN offers to a peer. */
import type { ResolvedPeerConfig } from '../config.js';
import type { FsmConfig } from '../fsm/config.js';
import { AFI, SAFI } from '../iana.js';
import type { Capability } from '../wire/capability/capability.js';
import { ROLES } from '../wire/capability/role.js';
import { FAMILIES, type Family } from '../wire/family/family.js';

/** What only holds for the OPEN that is sent next. */
export interface RestartState {
  /** R-bit: we come back from a restart. RFC 4724 section 3. */
  readonly restarting: boolean;
  /** F-bit: the kernel kept forwarding meanwhile. */
  readonly forwardingKept: boolean;
}

export function offeredCapabilities(config: ResolvedPeerConfig, restart: RestartState): readonly Capability[] {
  const families = FAMILIES.filter(({ name }) => config.families.includes(name));
  const { gracefulRestart } = config;
  return [
    ...families.map(({ afi, safi }): Capability => ({ type: 'multiprotocol', afi, safi })),
    { type: 'route-refresh' },
    { type: 'enhanced-route-refresh' },
    ...(config.extendedMessages ? [{ type: 'extended-message' } as const] : []),
    ...(config.role ? [{ type: 'role', role: ROLES.indexOf(config.role) } as const] : []),
    ...(gracefulRestart
      ? [
          {
            type: 'graceful-restart',
            restarting: restart.restarting,
            notification: gracefulRestart.notification,
            restartTimeS: gracefulRestart.restartTimeS,
            families: families.map(({ afi, safi }) => ({ afi, safi, forwarding: restart.forwardingKept })),
          } as const,
        ]
      : []),
    ...(gracefulRestart?.longLivedStaleTimeS !== undefined
      ? [longLived(families, gracefulRestart.longLivedStaleTimeS, restart.forwardingKept)]
      : []),
    ...(config.extendedNextHop && config.families.includes('ipv4-unicast')
      ? [{ type: 'extended-next-hop', entries: [{ afi: AFI.ipv4, safi: SAFI.unicast, nextHopAfi: AFI.ipv6 }] } as const]
      : []),
    ...(config.addPathReceive || config.addPathSendMax > 0
      ? [
          {
            type: 'add-path',
            families: families.map(({ afi, safi }) => ({
              afi,
              safi,
              send: config.addPathSendMax > 0,
              receive: config.addPathReceive,
            })),
          } as const,
        ]
      : []),
    ...(config.fourOctetAs ? [{ type: 'four-octet-as', asn: config.localAsn } as const] : []),
  ];
}

const longLived = (families: readonly Family[], staleTimeS: number, forwarding: boolean): Capability => ({
  type: 'long-lived-graceful-restart',
  families: families.map(({ afi, safi }) => ({ afi, safi, forwarding, staleTimeS })),
});

/** The configuration of the peer's state machines. */
export function fsmConfig(
  config: ResolvedPeerConfig,
  routerId: number,
  openHoldTimeS: number,
  capabilities: readonly Capability[],
): FsmConfig {
  return {
    localAsn: config.localAsn,
    routerId,
    remoteAsn: config.remoteAsn,
    passive: config.passive,
    waitForPeer: config.waitForPeer,
    holdTimeS: config.holdTimeS,
    keepaliveS: config.keepaliveS,
    connectRetryS: config.connectRetryS,
    delayOpenS: config.delayOpenS,
    openHoldTimeS,
    notifyWithoutOpen: true,
    role: config.role,
    roleStrict: config.roleStrict,
    capabilities,
    families: FAMILIES.map(({ name }) => config.families.includes(name)),
  };
}
