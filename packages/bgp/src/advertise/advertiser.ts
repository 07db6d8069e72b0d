/** All update groups of a RIB, and what waits in them for each peer. */
import type { FamilyRib } from '../rib/family-rib.js';
import type { Peer, PeerTable } from '../rib/peer-table.js';
import type { PrefixKey } from '../rib/prefix-table.js';
import type { RibSession } from '../rib/rib-session.js';
import { decodeAttributes } from '../wire/attribute/attribute-set.js';
import type { PathAttributes } from '../wire/attribute/path-attributes.js';
import type { FamilyName } from '../wire/family/family.js';
import { AttributeExport } from './export-attributes.js';
import { closeMp, MessageWriter, openMpReach } from './message-writer.js';
import type { Member } from './outlet.js';
import { reads } from './output-log.js';
import { Packer } from './packer.js';
import { Treatment, type TreatmentTables, treatmentKey } from './treatment.js';
import { type GroupHost, UpdateGroup } from './update-group.js';

/** With two IPv6 next hops. */
const MP_REACH_OCTETS = 9 + 32;
const NO_MEMBERS: readonly Member[] = [];
const NOTHING: readonly Uint8Array[] = [];

/** Told of peers that leave their groups. */
export interface MembershipFollower {
  /** The peer has no groups any more. */
  left(peer: number): void;
  /** It has another group of this family; the former one still holds what it has advertised. */
  moved(peer: number, rib: FamilyRib): void;
}

export class Advertiser {
  readonly #families: readonly FamilyRib[];
  readonly #tables: TreatmentTables;
  readonly #peers: PeerTable;
  readonly #host: { -readonly [Key in keyof GroupHost]: GroupHost[Key] };
  readonly #export: AttributeExport;
  /** All groups in use, those of one family together. */
  readonly groups: UpdateGroup[] = [];
  /** Groups without members that still hold rows. */
  readonly #retired: UpdateGroup[] = [];
  /** By peer, its memberships by ascending family. */
  readonly #members: (Member[] | undefined)[] = [];
  readonly followers = new Set<MembershipFollower>();
  /** Where the next work() goes on, so that one busy group does not keep the others waiting. */
  #turn = 0;

  constructor(
    families: readonly FamilyRib[],
    tables: TreatmentTables,
    maxBacklogOctets: number,
    onOutput: (peer: number) => void,
  ) {
    this.#families = families;
    this.#tables = tables;
    this.#peers = tables.peers;
    const { attributes, peers, own } = tables;
    this.#export = new AttributeExport(attributes, peers, own);
    this.#host = {
      packer: new Packer(new MessageWriter(), attributes, this.#export),
      maxBacklogOctets,
      endOfRibHeld: false,
      notify: (index) => {
        const peer = this.#peers.peers[index]!;
        if (peer.signalled) return;
        peer.signalled = true;
        onOutput(index);
      },
    };
  }

  holdEndOfRib(): void {
    this.#host.endOfRibHeld = true;
  }

  releaseEndOfRib(): void {
    this.#host.endOfRibHeld = false;
    for (const group of this.groups) group.releaseEndOfRib();
  }

  membersOf(peer: number): readonly Member[] {
    return this.#members[peer] ?? NO_MEMBERS;
  }

  join(peer: Peer, session: RibSession): void {
    const members: Member[] = [];
    for (const rib of this.#families) {
      if (session.send.families[rib.family.index] !== true) continue;
      members.push(this.#group(rib, session).join(peer.index, true, undefined));
    }
    this.#members[peer.index] = members;
  }

  leave(peer: Peer): void {
    for (const follower of this.followers) follower.left(peer.index);
    for (const { group } of this.membersOf(peer.index)) this.#leave(group, peer.index);
    this.#members[peer.index] = undefined;
    peer.signalled = false;
  }

  /** The peer is to be told otherwise: it changes the groups whose key is no longer its own. */
  move(peer: Peer, session: RibSession): void {
    const members = this.#members[peer.index];
    if (!members) return;
    for (let i = 0; i < members.length; i++) {
      const { group: former, endOfRibAfter } = members[i]!;
      if (former.key === treatmentKey(session, former.rib.family)) continue;
      const group = this.#group(former.rib, session);
      members[i] = group.join(peer.index, endOfRibAfter >= 0, former);
      for (const follower of this.followers) follower.moved(peer.index, former.rib);
      this.#leave(former, peer.index);
    }
  }

  refresh(peer: Peer, family: FamilyName, marked: boolean): void {
    for (const member of this.membersOf(peer.index)) {
      if (member.group.rib.family.name === family) member.group.detach(member, true, marked);
    }
  }

  #group(rib: FamilyRib, session: RibSession): UpdateGroup {
    const key = treatmentKey(session, rib.family);
    let group = this.groups.find((each) => each.rib === rib && each.key === key);
    if (!group) {
      group = new UpdateGroup(key, rib, new Treatment(session, rib.family, this.#tables), this.#host);
      this.groups.push(group);
    }
    return group;
  }

  #leave(group: UpdateGroup, peer: number): void {
    group.leave(peer);
    if (group.members.size > 0) return;
    this.groups.splice(this.groups.indexOf(group), 1);
    group.retire();
    this.#retired.push(group);
  }

  get hasWork(): boolean {
    if (this.#retired.length > 0) return true;
    for (const group of this.groups) if (group.hasWork) return true;
    return false;
  }

  /** Packs up to about `budget` prefixes; gives how much was done. */
  work(budget: number): number {
    let done = 0;
    const { groups } = this;
    for (let count = groups.length; count > 0 && done < budget; count--) {
      this.#turn = (this.#turn + 1) % groups.length;
      done += groups[this.#turn]!.work(budget - done);
    }
    if (done < budget && this.#retired.length > 0 && this.#retired[0]!.dismantle(budget - done)) this.#retired.shift();
    return done;
  }

  take(peer: Peer, maxOctets: number): readonly Uint8Array[] {
    const members = this.membersOf(peer.index);
    let taken: Uint8Array[] | undefined;
    let octets = 0;
    for (const member of members) {
      for (let run = nextRun(member); run !== undefined; run = nextRun(member)) {
        taken ??= [];
        taken.push(run);
        octets += run.length;
        if (octets >= maxOctets) return taken;
      }
    }
    peer.signalled = false;
    return taken ?? NOTHING;
  }

  /** The attributes as the members of a group get them. */
  exported(group: UpdateGroup, id: number, source: number): PathAttributes {
    const { treatment } = group;
    const target = new Uint8Array(this.#export.bound(treatment, id));
    const nextHop = treatment.nextHop(source, id);
    const end = nextHop ? this.#export.write(treatment, id, source, nextHop, target, 0) : 0;
    return decodeAttributes(target, 0, end, treatment.session.send, { nlri: false }).attributes as PathAttributes;
  }

  /** Whether a route that may go to a group's members has, after their policy, a next hop and fits into a message. */
  wouldSend({ rib, treatment }: UpdateGroup, key: PrefixKey, id: number, source: number): boolean {
    const exported = treatment.policy ? treatment.policy.apply(key, rib.family.version, id, source) : id;
    treatment.policy?.forget();
    const sends =
      exported !== 0 &&
      treatment.nextHop(source, exported) !== undefined &&
      this.#host.packer.fits(treatment, exported, source);
    if (treatment.policy && exported !== 0) this.#tables.attributes.release(exported);
    return sends;
  }

  /** The same as octets, MP_REACH_NLRI first and up to where NLRI begin. */
  exportedBlock({ treatment }: UpdateGroup, id: number, source: number): Uint8Array {
    const { family } = treatment;
    const nextHop = treatment.nextHop(source, id)!;
    const target = new Uint8Array(MP_REACH_OCTETS + this.#export.bound(treatment, id));
    let at = 0;
    if (family.index !== 0 || nextHop.version !== 4) {
      at = openMpReach(family, nextHop, treatment.linkLocal(nextHop), target, 0);
      closeMp(target, 0, at);
    }
    return target.subarray(0, this.#export.write(treatment, id, source, nextHop, target, at));
  }

  pendingOctets(peer: number): number {
    let octets = 0;
    for (const member of this.membersOf(peer)) {
      octets += member.outlet.log.appended - member.position;
      if (!member.stream && member.outlet !== member.group.main) {
        octets += member.group.main.log.appended - member.nextPosition;
      }
    }
    return octets;
  }
}

/** The next run of messages for the member, which has read it then. */
function nextRun(member: Member): Uint8Array | undefined {
  for (;;) {
    const { outlet } = member;
    if (member.cursor < outlet.log.tail) {
      const segment = outlet.log.at(member.cursor);
      outlet.pass(member);
      if (reads(member.peer, segment)) return segment.bytes;
    } else if (member.stream || outlet === member.group.main) {
      return undefined;
    } else {
      member.outlet = member.group.main;
      member.cursor = member.nextCursor;
      member.position = member.nextPosition;
    }
  }
}
