/** A configuration and a peer's OPEN for the tests of the state machine. */
import { NotificationError } from '../../src/errors.js';
import type { PeerOpen } from '../../src/fsm/check-open.js';
import type { FsmConfig } from '../../src/fsm/config.js';
import { negotiate } from '../../src/fsm/negotiate.js';
import type { SessionState } from '../../src/fsm/state.js';
import type { Capability } from '../../src/wire/capability/capability.js';

export const multiprotocol: readonly Capability[] = [
  { type: 'multiprotocol', afi: 1, safi: 1 },
  { type: 'multiprotocol', afi: 2, safi: 1 },
];

export const config: FsmConfig = {
  localAsn: 65001,
  routerId: 0x0a000001,
  remoteAsn: 65002,
  passive: false,
  waitForPeer: false,
  holdTimeS: 90,
  keepaliveS: undefined,
  connectRetryS: 5,
  delayOpenS: 0,
  openHoldTimeS: 240,
  notifyWithoutOpen: true,
  role: undefined,
  roleStrict: false,
  capabilities: [...multiprotocol, { type: 'four-octet-as', asn: 65001 }],
  families: [true, true],
};

export const open: PeerOpen = {
  asn: 65002,
  routerId: 0x0a000002,
  holdTimeS: 30,
  capabilities: [...multiprotocol, { type: 'four-octet-as', asn: 65002 }],
};

export const headerError = new NotificationError(1, 1, 'the marker is not all ones');
export const openError = new NotificationError(2, 2, 'the peer says AS 1');
export const updateError = new NotificationError(3, 1, 'the UPDATE is too short');

/** A state in which the counter is 4, so that "0", "4" and "5" tell what became of it. */
export function stateNamed(name: SessionState['name'], delayOpen = false, fsm: FsmConfig = config): SessionState {
  const connectRetryCounter = 4;
  switch (name) {
    case 'connect':
    case 'active':
      return { name, connectRetryCounter, delayOpen };
    case 'open-confirm':
    case 'established':
      return { name, connectRetryCounter, negotiated: negotiate(open, fsm) };
    default:
      return { name, connectRetryCounter };
  }
}
