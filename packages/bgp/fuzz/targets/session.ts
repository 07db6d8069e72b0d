/**
 * A whole speaker: one peer sends what the input says, with time, configuration and connections changing in between; another
 * one behaves and must notice nothing but routes. Head: octet 0 and 1 are what both
 * sides of the first are configured to, octet 2 the speaker and the other peer; then records, of which
 * those of kind 0x80 and above are things that happen.
 */
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import fc from 'fast-check';
import type { PeerConfig, ResetMode } from '../../src/index.js';
import type { Capability } from '../../src/wire/capability/capability.js';
import { encodeMessage } from '../../src/wire/codec.js';
import { wireContext } from '../../src/wire/context.js';
import { FAMILIES } from '../../src/wire/family/family.js';
import type { Message, UpdateMessage } from '../../src/wire/message.js';
import { seededRandom } from '../../testing/index.js';
import { message } from '../arbitraries.js';
import { readRecords, recordsOf, wireOctets, writeRecords } from '../records.js';
import type { Target } from '../target.js';
import { check, checkEqual } from './check.js';
import { type PeerEnd, SpeakerRig } from './speaker-rig.js';

const HEAD_OCTETS = 3;
const US = parseAddress('10.0.0.1');
const FUZZED = parseAddress('10.0.0.2');
const WITNESS = parseAddress('10.0.0.3');
const ASN = 65001;
const PREFIXES = ['20.0.0.0/24', '20.0.1.0/24', '0.0.0.0/0', '2001:db8::/32', '::/0'].map(parsePrefix);
const RESETS: readonly ResetMode[] = ['hard', 'bfd-down', 'soft', 'soft-in', 'soft-out'];
const OPTIONS = ['restart', 'idle', 'warn'] as const;

const bit = (octet: number, place: number): boolean => ((octet >>> place) & 1) === 1;

function fuzzedPeer(ours: number, theirs: number): PeerConfig {
  const ibgp = bit(ours, 1);
  return {
    name: 'fuzzed',
    remoteAddress: FUZZED,
    remoteAsn: ibgp ? ASN : 65002,
    routeReflectorClient: ibgp && bit(ours, 2),
    addPathReceive: bit(ours, 3),
    extendedNextHop: bit(ours, 4),
    gracefulRestart: bit(ours, 5) ? false : { restartTimeS: 30, staleTimeS: 60 },
    passive: !bit(ours, 6),
    ...(bit(ours, 7) && { maxPrefixes: 3, maxPrefixesAction: OPTIONS[theirs % 3]! }),
    ...(bit(theirs, 6) && {
      import: {
        terms: [
          {
            match: { prefixes: [{ prefix: PREFIXES[0]!, le: 32 }] },
            action: 'accept' as const,
            set: { localPref: 7, addCommunities: [9] },
          },
        ],
        otherwise: 'reject' as const,
      },
      export: { terms: [{ action: 'accept' as const, set: { prependAsns: [ASN], med: 3 } }] },
    }),
    ...(bit(theirs, 7) && { delayOpenS: 3, holdTimeS: 0 }),
  };
}

/** The OPEN of the session that an input begins with. */
function openOf(ours: number, theirs: number): Message {
  const asn = bit(ours, 1) ? ASN : 65002;
  const families = [{ afi: 1, safi: 1 }, ...(bit(theirs, 3) ? [] : [{ afi: 2, safi: 1 }])];
  const capabilities: Capability[] = [
    ...families.map((family): Capability => ({ type: 'multiprotocol', ...family })),
    { type: 'route-refresh' },
    { type: 'enhanced-route-refresh' },
    { type: 'extended-next-hop', entries: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
    { type: 'add-path', families: families.map((each) => ({ ...each, send: true, receive: true })) },
    ...(bit(theirs, 0) ? [] : [{ type: 'four-octet-as' as const, asn }]),
    ...(bit(theirs, 1) ? [] : [{ type: 'extended-message' as const }]),
    ...(bit(theirs, 2)
      ? [
          {
            type: 'graceful-restart' as const,
            restarting: bit(theirs, 5),
            notification: true,
            restartTimeS: 20,
            families: families.map((each) => ({ ...each, forwarding: true })),
          },
        ]
      : []),
  ];
  return { type: 'open', version: 4, asn, holdTimeS: 90, routerId: 2, capabilities };
}

const octets = (message: Message): Uint8Array => encodeMessage(message, wireContext());

class Run {
  readonly #rig: SpeakerRig;
  readonly #witness: PeerEnd;
  readonly #told = new Map<string, UpdateMessage>();
  readonly #ours: number;
  readonly #theirs: number;
  #end: PeerEnd | undefined;
  #pieces = 0;
  #nextHopsSet = false;

  constructor(ours: number, theirs: number, rest: number) {
    this.#ours = ours;
    this.#theirs = theirs;
    const rig = new SpeakerRig({
      asn: ASN,
      routerId: 1,
      random: seededRandom(7),
      clientToClient: !bit(rest, 3),
      decision: { alwaysCompareMed: bit(rest, 4) },
      ...(bit(rest, 5) && { restarting: { forwardingKept: bit(rest, 6) } }),
    });
    this.#rig = rig;
    const internal = bit(theirs, 4);
    const asn = internal ? ASN : 65003;
    rig.speaker.addPeer(
      { name: 'witness', remoteAddress: WITNESS, remoteAsn: asn, passive: true, routeReflectorClient: internal },
      0,
    );
    rig.speaker.addPeer(fuzzedPeer(ours, theirs), 0);
    rig.turn();
    rig.onMessage = (end, each) => {
      if (end === this.#witness && each.type === 'update') this.#hear(each);
    };
    if (bit(rest, 7)) {
      rig.collect((address) => {
        const peer = address === formatAddress(FUZZED) ? 'fuzzed' : 'witness';
        return rig.model.sessions.get(rig.speaker.ribPeer(peer))?.receive.addPath ?? [false, false];
      });
    }
    this.#witness = rig.connect(WITNESS, US)!;
    const capabilities: Capability[] = [
      { type: 'multiprotocol', afi: 1, safi: 1 },
      ...(bit(rest, 0) ? [] : [{ type: 'multiprotocol' as const, afi: 2, safi: 1 }]),
      ...(bit(rest, 1) ? [] : [{ type: 'extended-message' as const }]),
      ...(bit(rest, 2) ? [] : [{ type: 'four-octet-as' as const, asn }]),
    ];
    // A hold time of 0: it need not be kept alive.
    rig.write(this.#witness, octets({ type: 'open', version: 4, asn, holdTimeS: 0, routerId: 3, capabilities }));
    rig.write(this.#witness, octets({ type: 'keepalive' }));
    checkEqual(rig.speaker.peer('witness')?.state, 'established', 'the witness');
    if (bit(ours, 0)) return;
    this.#end = rig.connect(FUZZED, US);
    this.#write(octets(openOf(ours, theirs)));
    this.#write(octets({ type: 'keepalive' }));
  }

  happen(kind: number, arg: number): void {
    const rig = this.#rig;
    const { speaker } = rig;
    const prefix = PREFIXES[arg % PREFIXES.length]!;
    switch (kind & 15) {
      case 0:
        rig.advance(arg * 500);
        return;
      case 1:
        if (this.#end) rig.close(this.#end);
        return;
      case 2:
        this.#end = rig.connect(FUZZED, US) ?? this.#end;
        return;
      case 3:
        this.#end = rig.ends[1 + (arg % Math.max(1, rig.ends.length - 1))] ?? this.#end;
        return;
      case 4:
        this.#pieces = arg;
        return;
      case 5:
        if (arg & 128) speaker.withdraw(prefix);
        else speaker.originate(prefix, arg & 64 ? { med: 1, communities: [0xffffff01] } : {});
        break;
      case 6:
        this.#nextHopsSet = true;
        speaker.rib.nextHops.set(FUZZED, { reachable: (arg & 1) === 0, metric: arg });
        break;
      case 7:
        if (speaker.peer('fuzzed'))
          speaker.updatePeer('fuzzed', fuzzedPeer((this.#ours & 2) | (arg & 0xfc), this.#theirs), rig.nowMs);
        break;
      case 8:
        speaker.resetPeer('fuzzed', RESETS[arg % RESETS.length]!, 'again', rig.nowMs);
        break;
      case 9:
        this.#witnessSays(arg);
        return;
      case 10:
        rig.eager = false;
        rig.work(arg);
        return;
      case 11:
        if (arg & 1) this.#end = rig.answer(US) ?? this.#end;
        else rig.refuse();
        return;
      case 12:
        if (this.#end?.open) speaker.sendStalled(this.#end.connection, arg * 4, rig.nowMs);
        break;
      case 13:
        speaker.setClusterId(1 + arg);
        break;
      case 14:
        this.#forget();
        speaker.addPeer(fuzzedPeer(arg, this.#theirs), rig.nowMs);
        break;
      default:
        rig.eager = true;
        rig.settle();
        rig.model.compare();
        return;
    }
    rig.turn();
  }

  write(bytes: Uint8Array): void {
    if (this.#pieces === 0) this.#write(bytes);
    else for (let at = 0; at < bytes.length; at += this.#pieces) this.#write(bytes.slice(at, at + this.#pieces));
  }

  #write(bytes: Uint8Array): void {
    const end = this.#end;
    if (!end?.open) return;
    const notified = this.#notified;
    this.#rig.write(end, bytes);
    // Whom the speaker leaves after its OPEN it tells why, unless it was told first (RFC 4271 section 6.4).
    if (end.open || !end.opened || end.last?.type === 'notification' || this.#notified > notified) return;
    const cause = this.#rig.speaker.peer('fuzzed')?.lastCause ?? '';
    check(/^(closed without|the restarted peer)/.test(cause), `closed without a NOTIFICATION: ${cause}`);
  }

  /** NOTIFICATIONs that the speaker got from the fuzzed peer. */
  get #notified(): number {
    return this.#rig.speaker.peer('fuzzed')?.received.notification ?? 0;
  }

  #witnessSays(arg: number): void {
    const afi = arg & 1 ? 2 : 1;
    if (arg & 2) {
      this.#rig.write(this.#witness, octets({ type: 'route-refresh', afi, safi: 1, subtype: 0 }));
      return;
    }
    const nlri = [{ prefix: PREFIXES[(arg >>> 2) % 3]! }];
    const asPath = bit(this.#theirs, 4) ? [] : [{ type: 'sequence' as const, asns: [65003] }];
    const update: UpdateMessage =
      arg & 1
        ? { type: 'update', withdrawn: nlri, attributes: {}, nlri: [], faults: [] }
        : { type: 'update', withdrawn: [], attributes: { origin: 'igp', asPath, nextHop: WITNESS }, nlri, faults: [] };
    this.#rig.write(this.#witness, octets(update));
  }

  #hear(update: UpdateMessage): void {
    const { mpReach, mpUnreach } = update.attributes;
    // It may be told that a route is gone of which it never read: what is built and not yet read may be replaced.
    for (const { prefix } of [...update.withdrawn, ...(mpUnreach?.nlri ?? [])]) this.#told.delete(formatPrefix(prefix));
    for (const { prefix } of [...update.nlri, ...(mpReach?.nlri ?? [])]) this.#told.set(formatPrefix(prefix), update);
  }

  #forget(): void {
    const { speaker } = this.#rig;
    if (!speaker.peer('fuzzed')) return;
    const index = speaker.ribPeer('fuzzed');
    speaker.removePeer('fuzzed', this.#rig.nowMs);
    this.#rig.settle();
    this.#rig.model.forget(index);
  }

  /** Everything that must hold in the end. */
  finish(): void {
    const rig = this.#rig;
    const { speaker } = rig;
    rig.eager = true;
    rig.settle();
    // Who comes back from a restart holds its routes back for 30 s at most.
    if (speaker.view().deferringUntilMs !== undefined) rig.advance(31_000);
    rig.model.compare();
    this.#checkWitness();
    this.#checkCollector();
    for (const end of rig.ends) if (end !== this.#witness) rig.close(end);
    while (rig.dials.length > 0) rig.refuse();
    // Stale routes wait for 60 s at most.
    rig.advance(130_000);
    rig.settle();
    rig.model.compare();
    checkEqual(rig.model.count(speaker.ribPeer('fuzzed')), 0, 'routes of a peer that stays away');
    this.#checkWitness();
    this.#checkCollector();
    rig.speaker.bmp.remove('collector', rig.nowMs);
    const witness = speaker.ribPeer('witness');
    this.#forget();
    speaker.removePeer('witness', rig.nowMs);
    for (const prefix of PREFIXES) speaker.withdraw(prefix);
    rig.settle();
    rig.model.forget(witness);
    rig.model.compare();
    const { attributeSets, attributeOctets, nextHops, updateGroups } = speaker.rib.counters();
    checkEqual([attributeSets, attributeOctets, updateGroups], [0, 0, 0], 'attribute sets, octets and groups left');
    if (!this.#nextHopsSet) checkEqual(nextHops, 0, 'next hops left');
    checkEqual(speaker.nextDeadlineMs, undefined, 'timers left');
    check(
      rig.ends.every(({ open }) => !open),
      'connections left',
    );
  }

  /** The collector shows what the tables hold. */
  #checkCollector(): void {
    const { collector, model, speaker } = this.#rig;
    if (!collector) return;
    for (const [name, address] of [['fuzzed', FUZZED] as const, ['witness', WITNESS] as const]) {
      const peer = speaker.ribPeer(name);
      const up = model.sessions.has(peer);
      checkEqual(
        collector.table(formatAddress(address), 'pre'),
        up ? model.routes(peer) : [],
        `${name} at the collector`,
      );
      const accepted = FAMILIES.flatMap((family) =>
        up ? speaker.rib.adjRibIn(peer, 'post', family.name, { limit: 1e6 }).items : [],
      ).map(({ prefix, pathId }) => `${formatPrefix(prefix)} ${pathId}`);
      checkEqual(collector.table(formatAddress(address), 'post'), accepted.sort(), `${name} after policy`);
    }
    const best = speaker.rib
      .locRib({ limit: 1e6 })
      .items.filter(({ candidates }) => candidates.some((each) => each.best))
      .map(({ prefix }) => `${formatPrefix(prefix)} 0`);
    checkEqual(collector.locRib, best.sort(), 'the loc-rib at the collector');
  }

  #checkWitness(): void {
    const { speaker } = this.#rig;
    const view = speaker.peer('witness')!;
    checkEqual([view.state, view.dropped], ['established', 0], 'the witness');
    const peer = speaker.ribPeer('witness');
    const sent = [...(['ipv4-unicast', 'ipv6-unicast'] as const)].flatMap((family) =>
      speaker.rib.adjRibOut(peer, family, { limit: 1e6 }).items.map(({ prefix }) => formatPrefix(prefix)),
    );
    checkEqual([...this.#told.keys()].sort(), sent.sort(), 'what the witness knows and the adj-rib-out');
    for (const { prefix, candidates } of speaker.rib.locRib({ limit: 1e6 }).items) {
      const text = formatPrefix(prefix);
      const best = candidates.filter((each) => each.best);
      check(best.length === (candidates.some(({ ineligible }) => ineligible === undefined) ? 1 : 0), 'one best route');
      if (best.length === 0 || best[0]!.peer === peer) check(!this.#told.has(text), `${text} was told for nothing`);
    }
  }
}

function run(input: Uint8Array): void {
  const whole = new Run(input[0] ?? 0, input[1] ?? 0, input[2] ?? 0);
  for (const record of readRecords(input, HEAD_OCTETS).slice(0, 64)) {
    if (record.kind >= 0x80) whole.happen(record.kind, record.arg);
    else whole.write(wireOctets(record));
  }
  whole.finish();
}

export const session: Target = {
  name: 'session',
  headOctets: HEAD_OCTETS,
  maxOctets: 66_000,
  *seeds() {
    for (let kind = 0x80; kind < 0x90; kind++) {
      const event = { kind, arg: 41, body: new Uint8Array() };
      yield writeRecords(Uint8Array.of(0, kind & 15, 0), [event, event]);
    }
    // The longest attributes there are, of 4-octet sessions with extended messages.
    for (const ours of [0, 2, 6]) {
      const asns = Array.from({ length: 250 }, (_, index) => index + 1);
      for (const segments of [16, 65]) {
        const asPath = Array.from({ length: segments }, () => ({ type: 'sequence' as const, asns }));
        asPath.push({ type: 'sequence', asns: asns.slice(0, 88) });
        const attributes = { origin: 'igp' as const, asPath, nextHop: FUZZED };
        const update: Message = {
          type: 'update',
          withdrawn: [],
          attributes,
          nlri: [{ prefix: PREFIXES[0]! }],
          faults: [],
        };
        const bytes = encodeMessage(update, wireContext({ extendedMessages: true }));
        for (const rest of [0, 2, 4, 6]) {
          for (const theirs of [0, 16, 64]) yield writeRecords(Uint8Array.of(ours, theirs, rest), recordsOf(bytes));
        }
      }
    }
    // Of a 2-octet session, where the path doubles in size: with what is beside it no block of this kind came from outside.
    for (const count of [100, 8000, 10_000]) {
      const asPath = Array.from({ length: 40 }, () => ({
        type: 'sequence' as const,
        asns: new Array<number>(200).fill(7),
      }));
      const communities = Array.from({ length: count }, (_, index) => index);
      const attributes = { origin: 'igp' as const, asPath, nextHop: FUZZED, communities };
      const update: Message = {
        type: 'update',
        withdrawn: [],
        attributes,
        nlri: [{ prefix: PREFIXES[0]! }],
        faults: [],
      };
      const bytes = encodeMessage(update, wireContext({ extendedMessages: true, fourOctetAs: false }));
      for (const rest of [0, 4, 128]) yield writeRecords(Uint8Array.of(2, 1, rest), recordsOf(bytes));
    }
    let head = 0;
    for (const { message: each, context } of fc.sample(message, { numRuns: 150, seed: 7606 })) {
      const ours =
        (context.peerType === 'ibgp' ? 2 : 0) | (context.addPath[0] ? 8 : 0) | (context.extendedNextHop[0] ? 16 : 0);
      yield writeRecords(
        Uint8Array.of(ours, (context.fourOctetAs ? 0 : 1) | ((head & 63) << 1), (head & 7) | ((head++ & 1) << 7)),
        recordsOf(encodeMessage(each, context)),
      );
    }
  },
  run,
  workLimit: (length) => 400_000 + 4000 * length,
};
