/** What two OPENs make of a session. */
import t from 'tap';
import type { PeerOpen } from '../../src/fsm/check-open.js';
import type { FsmConfig } from '../../src/fsm/config.js';
import { type Negotiated, negotiate } from '../../src/fsm/negotiate.js';
import type { Capability } from '../../src/wire/capability/capability.js';
import { config, multiprotocol, open } from './fixtures.js';

const gr = (fields: Partial<Extract<Capability, { type: 'graceful-restart' }>> = {}): Capability => ({
  type: 'graceful-restart',
  restarting: false,
  notification: true,
  restartTimeS: 77,
  families: [
    { afi: 1, safi: 1, forwarding: true },
    { afi: 2, safi: 1, forwarding: false },
    { afi: 25, safi: 65, forwarding: true },
  ],
  ...fields,
});
const ourGr = gr({ restartTimeS: 120 });
/** A family that is not ours, one that is there twice. */
const longLived = (): Capability => ({
  type: 'long-lived-graceful-restart',
  families: [
    { afi: 25, safi: 65, forwarding: true, staleTimeS: 9 },
    { afi: 1, safi: 1, forwarding: true, staleTimeS: 600 },
    { afi: 2, safi: 1, forwarding: false, staleTimeS: 0 },
    { afi: 1, safi: 1, forwarding: false, staleTimeS: 7 },
  ],
});
const addPath = (send: boolean, receive: boolean): Capability => ({
  type: 'add-path',
  families: [{ afi: 1, safi: 1, send, receive }],
});
const nextHop6: Capability = { type: 'extended-next-hop', entries: [{ afi: 1, safi: 1, nextHopAfi: 2 }] };

const rows: readonly {
  readonly title: string;
  readonly ours?: readonly Capability[];
  readonly theirs?: readonly Capability[];
  readonly config?: Partial<FsmConfig>;
  readonly open?: Partial<PeerOpen>;
  readonly gives: object;
}[] = [
  {
    title: 'long-lived graceful restart of both',
    ours: [...multiprotocol, ourGr, longLived()],
    theirs: [...multiprotocol, gr(), longLived()],
    gives: {
      longLived: [
        { family: 'ipv4-unicast', staleTimeS: 600, forwarding: true },
        { family: 'ipv6-unicast', staleTimeS: 0, forwarding: false },
      ],
      peerLongLived: true,
    },
  },
  {
    title: 'of the peer alone',
    ours: [...multiprotocol, ourGr],
    theirs: [...multiprotocol, gr(), longLived()],
    gives: { longLived: undefined, peerLongLived: true },
  },
  {
    title: 'ours alone',
    ours: [...multiprotocol, ourGr, longLived()],
    theirs: [...multiprotocol, gr()],
    gives: { longLived: undefined, peerLongLived: false },
  },
  {
    title: 'without graceful restart it counts for nothing (RFC 9494 section 4.1)',
    ours: [...multiprotocol, ourGr, longLived()],
    theirs: [...multiprotocol, longLived()],
    gives: { longLived: undefined, peerLongLived: false },
  },
  { title: 'the smaller hold time', gives: { holdTimeS: 30, keepaliveS: 10 } },
  { title: 'ours where it is smaller', config: { holdTimeS: 9 }, gives: { holdTimeS: 9, keepaliveS: 3 } },
  { title: 'none at all', open: { holdTimeS: 0 }, gives: { holdTimeS: 0, keepaliveS: 0 } },
  { title: 'a keepalive time of ours', config: { keepaliveS: 4 }, gives: { keepaliveS: 4 } },
  { title: 'never above a third', config: { keepaliveS: 20 }, gives: { keepaliveS: 10 } },
  { title: 'eBGP', gives: { peerType: 'ebgp', receive: { peerType: 'ebgp', localAsn: 65001 } } },
  { title: 'iBGP', config: { remoteAsn: 65001 }, gives: { peerType: 'ibgp', send: { peerType: 'ibgp' } } },
  { title: 'both families', theirs: multiprotocol, gives: { familyNames: ['ipv4-unicast', 'ipv6-unicast'] } },
  { title: 'one of them', theirs: multiprotocol.slice(1), gives: { families: [false, true] } },
  { title: 'IPv4 without capabilities', gives: { families: [true, false], fourOctetAs: false, routeRefresh: false } },
  {
    title: 'ours alone',
    config: { families: [false, true] },
    theirs: multiprotocol,
    gives: { families: [false, true] },
  },
  {
    title: '4-octet AS numbers need both',
    ours: [{ type: 'four-octet-as', asn: 65001 }],
    theirs: [{ type: 'four-octet-as', asn: 65002 }],
    gives: { fourOctetAs: true, receive: { fourOctetAs: true }, send: { fourOctetAs: true } },
  },
  {
    title: 'extended messages, both',
    ours: [{ type: 'extended-message' }],
    theirs: [{ type: 'extended-message' }],
    gives: { extendedMessages: true, send: { extendedMessages: true } },
  },
  {
    title: 'extended messages, theirs alone',
    theirs: [{ type: 'extended-message' }],
    gives: { extendedMessages: false },
  },
  {
    title: 'route refresh',
    ours: [{ type: 'route-refresh' }, { type: 'enhanced-route-refresh' }],
    theirs: [{ type: 'route-refresh' }, { type: 'enhanced-route-refresh' }],
    gives: { routeRefresh: true, enhancedRouteRefresh: true },
  },
  {
    title: 'graceful restart: known families that were negotiated',
    ours: [...multiprotocol, ourGr],
    theirs: [...multiprotocol, gr()],
    gives: {
      gracefulRestart: {
        restartTimeS: 77,
        notification: true,
        families: ['ipv4-unicast', 'ipv6-unicast'],
        forwarding: ['ipv4-unicast'],
      },
      peerSendsEndOfRib: true,
    },
  },
  {
    title: 'the N-bit needs both',
    ours: [...multiprotocol, ourGr],
    theirs: [...multiprotocol, gr({ notification: false })],
    gives: { gracefulRestart: { notification: false } },
  },
  {
    title: 'the last of several graceful restart capabilities counts',
    ours: [...multiprotocol, ourGr],
    theirs: [...multiprotocol, gr(), gr({ families: [], restartTimeS: 5 })],
    gives: { gracefulRestart: { restartTimeS: 5, families: [] } },
  },
  {
    title: 'graceful restart of the peer alone',
    theirs: [gr()],
    gives: { gracefulRestart: undefined, peerSendsEndOfRib: true },
  },
  {
    title: 'ADD-PATH: they send, we receive',
    ours: [addPath(false, true)],
    theirs: [addPath(true, false)],
    gives: { receive: { addPath: [true, false] }, send: { addPath: [false, false] } },
  },
  {
    title: 'ADD-PATH in both directions',
    ours: [addPath(true, true)],
    theirs: [addPath(true, true)],
    gives: { receive: { addPath: [true, false] }, send: { addPath: [true, false] } },
  },
  {
    title: 'IPv4 over IPv6 next hops',
    ours: [nextHop6],
    theirs: [nextHop6],
    gives: { send: { extendedNextHop: [true, false] } },
  },
];

for (const { title, ours = [], theirs = [], config: fsm = {}, open: change = {}, gives } of rows) {
  t.test(title, (t) => {
    const negotiated: Negotiated = negotiate(
      { ...open, capabilities: theirs, ...change },
      { ...config, capabilities: ours, ...fsm },
    );
    t.match(negotiated, gives);
    t.end();
  });
}
