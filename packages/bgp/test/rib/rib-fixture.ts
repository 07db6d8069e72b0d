/** A RIB with peers around it: UPDATEs are encoded in, and what comes out is applied to a table per peer. */
import { type Address, formatPrefix, ipv4, type Prefix, parseAddress, parsePrefix } from '@tortie/ip';
import type { BestRouteSubscription, SubscriptionOptions } from '../../src/rib/best-routes.js';
import { Rib, type RibOptions, type UpdateOutcome } from '../../src/rib/rib.js';
import type { RibSession } from '../../src/rib/rib-session.js';
import type { PathAttributes } from '../../src/wire/attribute/path-attributes.js';
import { decodeMessage, encodeMessage } from '../../src/wire/codec.js';
import { wireContext } from '../../src/wire/context.js';
import { FAMILIES, type FamilyName } from '../../src/wire/family/family.js';
import type { UpdateMessage } from '../../src/wire/message.js';

export const ASN = 65000;
export const ROUTER_ID = 0x0a0000fe;

export interface PeerSetup extends Partial<RibSession> {
  /** Default 65001 for eBGP, ASN for iBGP. */
  readonly asn?: number;
}

/** One peer as seen from its own side. */
export interface TestPeer {
  readonly index: number;
  readonly session: RibSession;
  /** What it was told: attributes by prefix, with ADD-PATH by prefix and path identifier. */
  readonly table: Map<string, PathAttributes>;
  /** The link-local next hops that came with global ones, by prefix. */
  readonly linkLocal: Map<string, Address>;
  /** Everything it got, in order: `+prefix`, `-prefix`, `eor family`, `borr family`, `eorr family`. */
  readonly events: string[];
  messages: number;
  longest: number;
  /** While true it takes nothing. */
  slow: boolean;
}

export const attrs = (fields: Partial<PathAttributes> = {}): Partial<PathAttributes> => ({
  origin: 'igp',
  asPath: [{ type: 'sequence', asns: [65001] }],
  nextHop: parseAddress('192.0.2.1'),
  ...fields,
});

export const path = (...asns: number[]): PathAttributes['asPath'] =>
  asns.length === 0 ? [] : [{ type: 'sequence', asns }];

export const prefix = (text: string): Prefix => parsePrefix(text);

export class RibFixture {
  readonly rib: Rib;
  readonly peers = new Map<string, TestPeer>();
  readonly #ready = new Set<number>();
  wakes = 0;

  constructor(options: Partial<RibOptions> = {}) {
    this.rib = new Rib({ asn: ASN, routerId: ROUTER_ID, hashSeed: 0x5eed, ...options });
    this.rib.onOutput = (peer) => this.#ready.add(peer);
    this.rib.onWork = () => {
      this.wakes++;
    };
  }

  /** Adds a peer and brings its session up. */
  up(name: string, setup: PeerSetup = {}): TestPeer {
    const number = this.peers.size + 1;
    const known = this.peers.get(name);
    const type = setup.type ?? 'ebgp';
    const context = wireContext({ peerType: type, localAsn: ASN });
    const session: RibSession = {
      routerId: 0x0a000000 + (known?.index ?? number),
      asn: type === 'ibgp' ? ASN : 65000 + number,
      type,
      client: false,
      receive: context,
      send: context,
      ownNextHops: { ipv4: parseAddress('192.0.2.254'), ipv6: parseAddress('2001:db8::fe') },
      nextHopMode: 'auto',
      ...setup,
    };
    const index = known?.index ?? this.rib.addPeer({ name, address: ipv4(0xc0000200 + number) });
    const peer: TestPeer = {
      index,
      session,
      table: new Map(),
      linkLocal: new Map(),
      events: [],
      messages: 0,
      longest: 0,
      slow: false,
    };
    this.peers.set(name, peer);
    this.rib.sessionUp(index, session);
    return peer;
  }

  down(name: string, keepStale: readonly FamilyName[] = []): void {
    this.rib.sessionDown(this.peers.get(name)!.index, keepStale);
    this.peers.get(name)!.table.clear();
    this.peers.get(name)!.events.length = 0;
  }

  send(name: string, update: Partial<UpdateMessage>): UpdateOutcome {
    const { index, session } = this.peers.get(name)!;
    const message: UpdateMessage = { type: 'update', withdrawn: [], attributes: {}, nlri: [], faults: [], ...update };
    const bytes = encodeMessage(message, session.receive);
    return this.rib.receiveUpdate(index, bytes, 19, bytes.length);
  }

  /** Announces prefixes of either version, IPv6 ones in MP_REACH_NLRI. */
  announce(name: string, prefixes: readonly string[], fields: Partial<PathAttributes> = {}): void {
    // So many fit into one message whatever they are.
    if (prefixes.length > 150) {
      for (let at = 0; at < prefixes.length; at += 150) this.announce(name, prefixes.slice(at, at + 150), fields);
      return;
    }
    const list = prefixes.map(prefix);
    const four = list.filter(({ version }) => version === 4).map((each) => ({ prefix: each }));
    const six = list.filter(({ version }) => version === 6).map((each) => ({ prefix: each }));
    const attributes = attrs(fields);
    if (four.length > 0) this.send(name, { attributes, nlri: four });
    if (six.length > 0) {
      const { nextHop: _, ...others } = attributes;
      const nextHop = fields.nextHop ?? parseAddress('2001:db8::1');
      this.send(name, { attributes: { ...others, mpReach: { afi: 2, safi: 1, nextHop, nlri: six } } });
    }
  }

  withdraw(name: string, prefixes: readonly string[]): void {
    if (prefixes.length > 150) {
      for (let at = 0; at < prefixes.length; at += 150) this.withdraw(name, prefixes.slice(at, at + 150));
      return;
    }
    const list = prefixes.map(prefix);
    const four = list.filter(({ version }) => version === 4).map((each) => ({ prefix: each }));
    const six = list.filter(({ version }) => version === 6).map((each) => ({ prefix: each }));
    if (four.length > 0) this.send(name, { withdrawn: four });
    if (six.length > 0) this.send(name, { attributes: { mpUnreach: { afi: 2, safi: 1, nlri: six } } });
  }

  /** Works and drains until nothing moves. */
  settle(budget = 1000): void {
    for (let more = true; more; ) {
      more = this.rib.work(budget);
      if (this.drain() > 0) more = true;
    }
  }

  /** Takes what waits for peers that are not slow; gives the number of runs. */
  drain(maxOctets = 65536): number {
    let runs = 0;
    for (const peer of this.peers.values()) {
      if (peer.slow || !this.#ready.has(peer.index)) continue;
      for (let taken = this.rib.take(peer.index, maxOctets); ; taken = this.rib.take(peer.index, maxOctets)) {
        if (taken.length === 0) break;
        runs += taken.length;
        for (const run of taken) this.#apply(peer, run);
      }
      this.#ready.delete(peer.index);
    }
    return runs;
  }

  #apply(peer: TestPeer, run: Uint8Array): void {
    for (let at = 0; at < run.length; ) {
      const length = (run[at + 16]! << 8) | run[at + 17]!;
      const message = decodeMessage(run.subarray(at, at + length), peer.session.send);
      peer.messages++;
      peer.longest = Math.max(peer.longest, length);
      at += length;
      if (message.type === 'route-refresh') {
        const family = FAMILIES.find(({ afi, safi }) => afi === message.afi && safi === message.safi)!.name;
        peer.events.push(`${message.subtype === 1 ? 'borr' : 'eorr'} ${family}`);
        continue;
      }
      if (message.type !== 'update') throw new Error(`a ${message.type} among UPDATEs`);
      if (message.faults.length > 0) throw new Error(JSON.stringify(message.faults));
      this.#applyUpdate(peer, message);
    }
  }

  #applyUpdate(peer: TestPeer, { withdrawn, attributes, nlri }: UpdateMessage): void {
    const { mpReach, mpUnreach, ...others } = attributes;
    const gone = [...withdrawn, ...(mpUnreach?.nlri ?? [])];
    const come = [...nlri, ...(mpReach?.nlri ?? [])];
    if (gone.length + come.length === 0) peer.events.push(`eor ${mpUnreach ? 'ipv6-unicast' : 'ipv4-unicast'}`);
    for (const each of gone) {
      peer.events.push(`-${nlriText(each)}`);
      peer.table.delete(nlriText(each));
    }
    for (const each of come) {
      if (each.pathId === 0) throw new Error(`${nlriText(each)} has path identifier 0`);
      peer.events.push(`+${nlriText(each)}`);
      const nextHop = mpReach && come.length > nlri.length ? mpReach.nextHop : others.nextHop;
      if (mpReach?.linkLocalNextHop) peer.linkLocal.set(nlriText(each), mpReach.linkLocalNextHop);
      peer.table.set(nlriText(each), { ...others, nextHop } as PathAttributes);
    }
  }

  /** The best routes by prefix: the peer's name, or `self`. */
  best(): Record<string, string> {
    const names = new Map([...this.peers].map(([name, { index }]) => [index, name]));
    const table: Record<string, string> = {};
    for (const { prefix: each, candidates } of this.rib.locRib({ limit: 1e6 }).items) {
      const best = candidates.find((candidate) => candidate.best);
      if (best) table[formatPrefix(each)] = names.get(best.peer) ?? 'self';
    }
    return table;
  }

  /** What every peer was told, as plain data for comparison. */
  told(): Record<string, Record<string, string>> {
    return Object.fromEntries([...this.peers].map(([name, { table }]) => [name, tableText(table)]));
  }

  /** What the RIB says it has told every peer. */
  adjRibsOut(): Record<string, Record<string, string>> {
    const out: Record<string, Record<string, string>> = {};
    for (const [name, { index }] of this.peers) {
      const table = new Map<string, PathAttributes>();
      for (const { name: family } of FAMILIES) {
        for (const view of this.rib.adjRibOut(index, family, { limit: 1e6 }).items) {
          const { mpReach: _, ...attributes } = view.attributes;
          table.set(nlriText(view), { ...attributes, ...(view.nextHop && { nextHop: view.nextHop }) });
        }
      }
      out[name] = tableText(table);
    }
    return out;
  }

  subscribe(options: SubscriptionOptions = {}): BestRouteSubscription {
    return this.rib.subscribe(options);
  }
}

/** The prefix, with ADD-PATH also the path identifier. */
const nlriText = ({
  prefix: each,
  pathId,
}: {
  readonly prefix: Prefix;
  readonly pathId?: number | undefined;
}): string => (pathId === undefined ? formatPrefix(each) : `${formatPrefix(each)} #${pathId}`);

function tableText(table: ReadonlyMap<string, PathAttributes>): Record<string, string> {
  const sorted = [...table].sort(([x], [y]) => (x < y ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, value]) => [key, attributeText(value)]));
}

/** Attributes as text that is equal for equal ones. */
export const attributeText = (attributes: Partial<PathAttributes>): string =>
  JSON.stringify(
    Object.fromEntries(Object.entries(attributes).sort(([x], [y]) => (x < y ? -1 : 1))),
    (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
  );
