/** A speaker between two neighbours, collectors of BMP that watch it, and what they should have been shown. */
import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import type { Test } from 'tap';
import type { BmpCollectorConfig, BmpMessage, FamilyName } from '../../src/index.js';
import { SimCollector, SimNetwork, type SimRouter, type SimSocket } from '../../testing/index.js';

export const US = '10.0.0.1';
export const ONE = '10.0.0.11';
export const TWO = '10.0.0.12';
export const COLLECTOR = '10.9.0.1';

export const FAMILIES: readonly FamilyName[] = ['ipv4-unicast', 'ipv6-unicast'];

/** A collector at an address, with each connection it has had. */
export class Station {
  readonly collectors: SimCollector[] = [];
  readonly sockets: SimSocket[] = [];
  readonly #network: SimNetwork;
  readonly #address: string;

  constructor(network: SimNetwork, address = COLLECTOR) {
    this.#network = network;
    this.#address = address;
    this.plug();
  }

  plug(): void {
    this.#network.listen(this.#address, (socket) => {
      const collector = new SimCollector();
      this.collectors.push(collector);
      this.sockets.push(socket);
      socket.onData = (bytes) => collector.receive(bytes);
    });
  }

  unplug(): void {
    this.#network.unplug(this.#address);
  }

  get now(): SimCollector {
    return this.collectors.at(-1)!;
  }

  get socket(): SimSocket {
    return this.sockets.at(-1)!;
  }
}

export interface Scene {
  readonly network: SimNetwork;
  readonly us: SimRouter;
  readonly one: SimRouter;
  readonly two: SimRouter;
}

/** Two neighbours in other ASes; what the second sends of 20.2.0.0/16 our import policy rejects. */
export function scene(): Scene {
  const network = new SimNetwork();
  const us = network.router({ address: US, asn: 65000, wallClockMs: () => 1_700_000_000_000 + network.clock.nowMs });
  const one = network.router({ address: ONE, asn: 65001 });
  const two = network.router({ address: TWO, asn: 65002 });
  const match = { prefixes: [{ prefix: parsePrefix('20.2.0.0/16'), le: 32 }] };
  us.addPeer({ at: ONE, remoteAsn: 65001, passive: true });
  us.addPeer({
    at: TWO,
    remoteAsn: 65002,
    passive: true,
    import: { terms: [{ match, action: 'reject' }], otherwise: 'accept' },
  });
  one.addPeer({ at: US, remoteAsn: 65000, localNextHops: [parseAddress('2001:db8::11')] });
  two.addPeer({ at: US, remoteAsn: 65000, localNextHops: [parseAddress('2001:db8::12')] });
  for (const router of [one, two]) {
    router.speaker.originate(parsePrefix('20.1.0.0/24'));
    router.speaker.originate(parsePrefix('2001:db8:1::/48'));
  }
  two.speaker.originate(parsePrefix('20.2.0.0/24'));
  network.until(() => us.isUp(ONE) && us.isUp(TWO));
  network.run(1000);
  return { network, us, one, two };
}

export const ALL = ['adj-rib-in-pre', 'adj-rib-in-post', 'loc-rib', 'adj-rib-out-post'] as const;

export function add({ us, network }: Scene, config: Partial<BmpCollectorConfig> = {}): void {
  const collector = { name: 'station', address: parseAddress(COLLECTOR), monitor: ALL, ...config };
  us.speaker.bmp.add(collector, network.clock.nowMs);
  us.turn();
}

export const view = ({ us }: Scene, index = 0) => us.speaker.bmp.views()[index]!;

export const types = (messages: readonly BmpMessage[]): string[] => messages.map(({ type }) => type);

/** A table of the RIB, in the words of SimCollector. */
export function truth(us: SimRouter, peer: string, policy: 'pre' | 'post'): string[] {
  const number = us.speaker.ribPeer(peer);
  return FAMILIES.flatMap((family) => us.speaker.rib.adjRibIn(number, policy, family).items)
    .map(({ prefix, attributes }) => `${formatPrefix(prefix)} via ${pathOf(attributes)}`)
    .sort();
}

export function told(us: SimRouter, peer: string): string[] {
  const number = us.speaker.ribPeer(peer);
  return FAMILIES.flatMap((family) => us.speaker.rib.adjRibOut(number, family, { limit: 10_000 }).items)
    .map(({ prefix, attributes }) => `${formatPrefix(prefix)} via ${pathOf(attributes)}`)
    .sort();
}

export const pathOf = ({ asPath }: { readonly asPath: readonly { readonly asns: readonly number[] }[] }): string =>
  asPath.flatMap(({ asns }) => asns).join(' ');

export const bestOf = (us: SimRouter): string[] =>
  us.speaker.rib
    .locRib()
    .items.flatMap(({ prefix, candidates }) =>
      candidates[0]?.best ? [`${formatPrefix(prefix)} via ${pathOf(candidates[0].attributes)}`] : [],
    )
    .sort();

export function isTrue(t: Test, { us }: Scene, collector: SimCollector): void {
  for (const peer of [ONE, TWO]) {
    t.equal(collector.sessions.has(peer), us.isUp(peer), peer);
    if (!us.isUp(peer)) continue;
    t.same(collector.table(peer, 'pre'), truth(us, peer, 'pre'), `${peer} as received`);
    t.same(collector.table(peer, 'post'), truth(us, peer, 'post'), `${peer} as accepted`);
    t.same(collector.table(peer, 'out'), told(us, peer), `${peer} is told`);
  }
  t.same(collector.table('', 'loc-rib'), bestOf(us), 'best routes');
}
