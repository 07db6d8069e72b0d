/**
 * Applies UPDATEs to the tables: locate, check, intern, insert. Nothing is allocated for a message whose attribute set is
 * known (bench `pipeline`). RFC 4271 section 9, RFC 7606.
 */
import { addressesEqual } from '@tortie/ip';
import { LOOP_FACTS, loopOf } from '../decision/eligibility.js';
import { NotificationError } from '../errors.js';
import { ERROR_CODE, UPDATE_ERROR } from '../iana.js';
import { canonicalBlock, canonicalizeAttributes, type ReachableField } from '../wire/attribute/canonical.js';
import { type Fault, faultToNotification, strongestFault } from '../wire/attribute/faults.js';
import type { WireContext } from '../wire/context.js';
import { FAMILIES, type FamilyName } from '../wire/family/family.js';
import { countNlri } from '../wire/nlri.js';
import { endOfRibFamily, scanUpdate, updateScan } from '../wire/update-scan.js';
import { ATTRIBUTE, type AttributeTable, CANONICAL } from './attribute-table.js';
import { withLinkLocalNextHop } from './block-edit.js';
import type { FamilyRib } from './family-rib.js';
import type { ImportRules } from './import-rules.js';
import { NlriBatch } from './nlri-batch.js';
import { ownAsFlags } from './own-as.js';
import type { Peer } from './peer-table.js';
import { reduceMpReach } from './reduce-mp-reach.js';
import { ROUTE_FLAG } from './route-row.js';
import type { UnusedRoutes } from './unused-routes.js';
import type { UpdateOutcome } from './update-outcome.js';

export class UpdateReceiver {
  readonly #families: readonly FamilyRib[];
  readonly #attributes: AttributeTable;
  readonly #ownAsn: number;
  readonly #scan = updateScan();
  readonly #block = canonicalBlock();
  readonly #batch = new NlriBatch();
  /** Room for a block whose MP_REACH_NLRI was reduced. */
  readonly #scratch = new Uint8Array(65536 + 64);
  readonly #faults: Fault[] = [];
  readonly #outcome: { -readonly [K in keyof UpdateOutcome]: UpdateOutcome[K] } = {
    announced: 0,
    withdrawn: 0,
    faults: this.#faults,
    endOfRib: undefined,
  };

  constructor(families: readonly FamilyRib[], attributes: AttributeTable, ownAsn: number) {
    this.#families = families;
    this.#attributes = attributes;
    this.#ownAsn = ownAsn;
  }

  receive(peer: Peer, bytes: Uint8Array, start: number, end: number): UpdateOutcome {
    const context = peer.session!.receive;
    const scan = this.#scan;
    const outcome = this.#outcome;
    outcome.announced = 0;
    outcome.withdrawn = 0;
    outcome.endOfRib = undefined;
    if (this.#faults.length > 0) this.#faults.length = 0;

    const fault = scanUpdate(bytes, start, end, context, scan);
    if (fault?.action === 'session-reset') throw faultToNotification(fault);
    if (fault) this.#faults.push(fault);
    else if (end - start < 12) {
      const family = endOfRibFamily(scan);
      if (family >= 0) outcome.endOfRib = FAMILIES[family]!.name satisfies FamilyName;
      if (family >= 0) return outcome;
    }
    const { mpReach, mpUnreach } = scan;
    const nlri = context.families[0] === true && scan.nlriEnd > scan.nlriStart;
    const withdrawn = context.families[0] === true && scan.withdrawnEnd > scan.withdrawnStart;
    const reach = mpReach.present && mpReach.family >= 0 && mpReach.nlriEnd > mpReach.nlriStart;
    const unreach = mpUnreach.present && mpUnreach.family >= 0 && mpUnreach.nlriEnd > mpUnreach.nlriStart;
    // All fields are checked before any is applied. RFC 7606 section 5.3: an incorrect one resets the session.
    if (withdrawn) checkNlri(bytes, scan.withdrawnStart, scan.withdrawnEnd, 0, context);
    if (nlri) checkNlri(bytes, scan.nlriStart, scan.nlriEnd, 0, context);
    if (unreach) checkNlri(bytes, mpUnreach.nlriStart, mpUnreach.nlriEnd, mpUnreach.family, context);
    if (reach) checkNlri(bytes, mpReach.nlriStart, mpReach.nlriEnd, mpReach.family, context);

    // So are the attributes: what they end the session for leaves the routes before it as they were (they may stay as
    // stale), and what is wrong with them concerns every route of the message (RFC 7606 section 3 (h)).
    if (fault || (!nlri && !reach)) {
      if (scan.otherAttributes > 0) this.#canonicalize(bytes, context, reach ? 'mp-reach' : nlri ? 'nlri' : 'none');
    }
    const sound = fault === undefined && (!nlri || !reach || this.#bothSound(bytes, context));
    const id = nlri && sound ? this.#internNlri(peer, bytes, context) : 0;
    const mpId = reach && sound ? this.#internMp(peer, bytes, context) : 0;

    const { unused } = peer;
    if (withdrawn) {
      unused.unknownWithdrawals += this.#withdraw(peer, bytes, scan.withdrawnStart, scan.withdrawnEnd, 0, context);
    }
    if (unreach) {
      const { family, nlriStart, nlriEnd } = mpUnreach;
      unused.unknownWithdrawals += this.#withdraw(peer, bytes, nlriStart, nlriEnd, family, context);
    }
    const { duplicates } = unused;
    if (nlri) this.#apply(peer, bytes, scan.nlriStart, scan.nlriEnd, 0, context, id);
    if (reach) this.#apply(peer, bytes, mpReach.nlriStart, mpReach.nlriEnd, mpReach.family, context, mpId);
    const { announced } = outcome;
    if (announced > 0 && unused.duplicates - duplicates === announced && outcome.withdrawn === 0) {
      unused.duplicateUpdates++;
    }
    return outcome;
  }

  /** Whether the attributes do for the routes of the NLRI field and for those of MP_REACH_NLRI, where a message has both. */
  #bothSound(bytes: Uint8Array, context: WireContext): boolean {
    if (!this.#canonicalize(bytes, context, 'nlri') || !this.#canonicalize(bytes, context, 'mp-reach')) return false;
    // What is discarded is found again, and told, where the attributes are interned.
    if (this.#faults.length > 0) this.#faults.length = 0;
    return true;
  }

  /** The id of the attributes of the NLRI field, with a reference; 0 where the routes are treated as withdrawn. */
  #internNlri(peer: Peer, bytes: Uint8Array, context: WireContext): number {
    const scan = this.#scan;
    const { attributesStart, attributesEnd, mpReach, mpUnreach } = scan;
    if (!mpReach.present && !mpUnreach.present) {
      return this.#intern(peer, bytes, attributesStart, attributesEnd, bytes, context, 'nlri');
    }
    const length = reduceMpReach(bytes, scan, false, this.#scratch);
    return this.#intern(peer, this.#scratch, 0, length, bytes, context, 'nlri');
  }

  #internMp(peer: Peer, bytes: Uint8Array, context: WireContext): number {
    const length = reduceMpReach(bytes, this.#scan, true, this.#scratch);
    return this.#intern(peer, this.#scratch, 0, length, bytes, context, 'mp-reach');
  }

  /** `block[start..end)` is the key under which the attributes of the message in `bytes` are known. */
  #intern(
    peer: Peer,
    block: Uint8Array,
    start: number,
    end: number,
    bytes: Uint8Array,
    context: WireContext,
    field: ReachableField,
  ): number {
    const attributes = this.#attributes;
    const bit = 1 << (peer.contextShift + (field === 'mp-reach' ? 4 : 0));
    const hash = attributes.hashOf(block, start, end);
    const known = attributes.find(block, start, end, hash, bit);
    if (known !== 0) {
      attributes.retain(known);
      return known;
    }
    if (!this.#canonicalize(bytes, context, field)) return 0;
    const { length } = this.#block;
    const canonical = attributes.internCanonical(this.#block.bytes, 0, length, CANONICAL);
    const edited = peer.session!.linkLocal ? withLinkLocalNextHop(attributes.block(canonical)) : undefined;
    if (edited) {
      const id = attributes.internCanonical(edited, 0, edited.length, CANONICAL);
      attributes.release(canonical);
      return attributes.addAlias(block, start, end, hash, bit, id);
    }
    if (isSame(this.#block.bytes, length, block, start, end)) {
      attributes.addContext(canonical, bit);
      return canonical;
    }
    return attributes.addAlias(block, start, end, hash, bit, canonical);
  }

  /** Checks the attributes and fills #block; false where the routes are treated as withdrawn. */
  #canonicalize(bytes: Uint8Array, context: WireContext, field: ReachableField): boolean {
    const block = this.#block;
    canonicalizeAttributes(bytes, this.#scan, context, field, block);
    if (block.action === undefined) return true;
    for (const fault of block.faults) this.#faults.push(fault);
    if (block.action === 'session-reset') throw faultToNotification(strongestFault(block.faults)!);
    return block.action === 'attribute-discard';
  }

  /** Announces the prefixes with attributes `id`, whose reference it takes over, or withdraws them for id 0. */
  #apply(
    peer: Peer,
    bytes: Uint8Array,
    start: number,
    end: number,
    family: number,
    context: WireContext,
    id: number,
  ): void {
    const { unused } = peer;
    if (id === 0) {
      const before = this.#outcome.withdrawn;
      this.#withdraw(peer, bytes, start, end, family, context);
      unused.malformed += this.#outcome.withdrawn - before;
      return;
    }
    const rib = this.#families[family]!;
    const { duplicates } = rib;
    const { version } = rib.family;
    const batch = this.#batch;
    const policy = peer.importPolicy;
    // Of what the session has rules about, mostly no route is concerned.
    let rules = peer.importRules;
    const addPath = context.addPath[family] === true;
    const canonical = this.#attributes.word(id, ATTRIBUTE.alias);
    if (rules !== undefined && !rules.concern(canonical)) rules = undefined;
    const offered = rules === undefined ? canonical : rules.apply(canonical);
    const flags = this.#flags(peer, rules, canonical);
    this.#noteLoop(unused, canonical, flags);
    for (let at = start; at < end; at = batch.next) {
      const count = batch.fill(bytes, at, end, addPath, rib);
      this.#outcome.announced += count;
      for (let i = 0; i < count; i++) {
        const key = batch.keys[i]!;
        const pathId = addPath ? batch.pathIds[i]! : 0;
        if (policy === undefined) {
          rib.announce(peer.index, key, batch.hashes[i]!, pathId, id, offered, flags);
        } else {
          const effective = policy.apply(key, version, offered, peer.index);
          rib.announce(peer.index, key, batch.hashes[i]!, pathId, id, effective, flags);
          if (effective !== 0) this.#attributes.release(effective);
          else unused.rejected++;
        }
      }
    }
    unused.duplicates += rib.duplicates - duplicates;
    policy?.forget();
    if (rules !== undefined) this.#attributes.release(offered);
    this.#attributes.release(id);
  }

  #noteLoop(unused: UnusedRoutes, canonical: number, flags: number): void {
    const loops = this.#attributes.word(canonical, ATTRIBUTE.facts) & LOOP_FACTS;
    if (loops === 0 && (flags & ROUTE_FLAG.localAsLoop) === 0) return;
    const loop = loopOf(loops, (flags & ROUTE_FLAG.ownAsAllowed) !== 0);
    if (loop === 'originator-loop') unused.originatorLoops++;
    else if (loop === 'cluster-loop') unused.clusterLoops++;
    else if (loop === 'as-loop' || (flags & ROUTE_FLAG.localAsLoop) !== 0) unused.asLoops++;
  }

  /** What of the attributes concerns this session alone. */
  #flags({ session }: Peer, rules: ImportRules | undefined, canonical: number): number {
    const { ipv4, ipv6, linkLocal } = session!.ownNextHops;
    const nextHop = this.#attributes.nextHop(canonical);
    const own =
      (ipv4 && addressesEqual(nextHop, ipv4)) ||
      (ipv6 && addressesEqual(nextHop, ipv6)) ||
      (linkLocal && addressesEqual(nextHop, linkLocal));
    const ownAs = ownAsFlags(session!, this.#ownAsn, this.#attributes, canonical);
    const flags = rules === undefined ? ownAs : ownAs | rules.flags(canonical);
    return own ? flags | ROUTE_FLAG.ownNextHop : flags;
  }

  /** Gives how many of them were not there. */
  #withdraw(peer: Peer, bytes: Uint8Array, start: number, end: number, family: number, context: WireContext): number {
    let unknown = 0;
    const rib = this.#families[family]!;
    const batch = this.#batch;
    const addPath = context.addPath[family] === true;
    for (let at = start; at < end; at = batch.next) {
      const count = batch.fill(bytes, at, end, addPath, rib);
      this.#outcome.withdrawn += count;
      for (let i = 0; i < count; i++) {
        if (!rib.withdraw(peer.index, batch.keys[i]!, batch.hashes[i]!, addPath ? batch.pathIds[i]! : 0)) unknown++;
      }
    }
    return unknown;
  }
}

function checkNlri(bytes: Uint8Array, start: number, end: number, family: number, context: WireContext): void {
  if (countNlri(bytes, start, end, FAMILIES[family]!.version, context.addPath[family] === true) >= 0) return;
  throw new NotificationError(
    ERROR_CODE.update,
    UPDATE_ERROR.invalidNetworkField,
    `the ${FAMILIES[family]!.name} prefixes are malformed`,
  );
}

function isSame(x: Uint8Array, length: number, y: Uint8Array, start: number, end: number): boolean {
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) if (x[i] !== y[start + i]) return false;
  return true;
}
