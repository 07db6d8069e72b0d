/** What happens to the speaker of the session target, and what must hold in the end. */
import { formatAddress, formatPrefix } from '@tortie/ip';
import type { ResetMode } from '../../src/index.js';
import type { Capability } from '../../src/wire/capability/capability.js';
import { encodeMessage } from '../../src/wire/codec.js';
import { wireContext } from '../../src/wire/context.js';
import { FAMILIES } from '../../src/wire/family/family.js';
import type { Message, UpdateMessage } from '../../src/wire/message.js';
import { seededRandom } from '../../testing/index.js';
import { check, checkEqual } from './check.js';
import { FibEnd } from './fib-end.js';
import { ASN, bit, FUZZED, fuzzedPeer, openOf, PREFIXES, US, WITNESS } from './session-config.js';
import { type PeerEnd, SpeakerRig } from './speaker-rig.js';

const RESETS: readonly ResetMode[] = ['hard', 'bfd-down', 'soft', 'soft-in', 'soft-out'];

const octets = (message: Message): Uint8Array => encodeMessage(message, wireContext());

/** One input's speaker, from its start to its end. */
export class SessionRun {
  readonly #rig: SpeakerRig;
  readonly #fib: FibEnd;
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
    this.#fib = new FibEnd(rig.speaker);
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
        return rig.model.sessions.get(rig.speaker.ribPeer(peer));
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
        this.#fib.take(arg);
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
        this.#fib.drain();
        // What a subscription may not give out yet after a restart, it holds.
        if (speaker.view().deferringUntilMs === undefined) rig.model.compare();
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
    // What nobody has taken is held.
    this.#fib.check();
    rig.model.compare();
    this.#checkWitness();
    this.#checkCollector();
    for (const end of rig.ends) if (end !== this.#witness) rig.close(end);
    while (rig.dials.length > 0) rig.refuse();
    // Stale routes wait for 60 s at most.
    rig.advance(130_000);
    rig.settle();
    this.#fib.check();
    rig.model.compare();
    checkEqual(rig.model.count(speaker.ribPeer('fuzzed')), 0, 'routes of a peer that stays away');
    this.#checkWitness();
    this.#checkCollector();
    this.#fib.close();
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
    const told = collector.table(formatAddress(WITNESS), 'out');
    checkEqual(
      told,
      [...this.#told.keys()].map((each) => `${each} 0`).sort(),
      'what the witness is told, at the collector',
    );
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
