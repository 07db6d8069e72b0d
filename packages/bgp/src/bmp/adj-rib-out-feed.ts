/**
 * What peers are told, of one family, towards one collector: as sent, so after the export policy. RFC 8671.
 *
 * Peers of an update group have one table; the collector gets it once per peer, as each peer has it. So the feed follows
 * groups, a bit per changed prefix, and per peer keeps a bit per prefix that was told of it.
 */
import type { Advertiser, MembershipFollower } from '../advertise/advertiser.js';
import type { Member } from '../advertise/outlet.js';
import type { UpdateGroup } from '../advertise/update-group.js';
import { Bitmap } from '../rib/bitmap.js';
import type { FamilyRib } from '../rib/family-rib.js';
import { GroupFollower } from './group-follower.js';
import { type MonitoredTable, MonitoringWriter } from './monitoring-writer.js';
import type { SessionTables } from './peer-messages.js';
import type { RouteFeed } from './route-feed.js';

/** A peer whose Peer Up was sent. */
export interface FollowedPeer {
  readonly peer: number;
  readonly table: MonitoredTable;
  readonly told: Bitmap;
  count: number;
  /** Its End-of-RIB was sent. */
  ended: boolean;
  member: Member;
}

export class AdjRibOutFeed implements RouteFeed, MembershipFollower {
  readonly #rib: FamilyRib;
  readonly #advertiser: Advertiser;
  readonly #writer = new MonitoringWriter();
  readonly #peers = new Map<number, FollowedPeer>();
  readonly #followers = new Map<UpdateGroup, GroupFollower>();

  constructor(rib: FamilyRib, advertiser: Advertiser) {
    this.#rib = rib;
    this.#advertiser = advertiser;
    advertiser.followers.add(this);
  }

  get writers(): readonly MonitoringWriter[] {
    return [this.#writer];
  }

  get pending(): boolean {
    for (const follower of this.#followers.values()) if (follower.pending) return true;
    return false;
  }

  /** Prefixes the collector was told of for this peer. */
  told(peer: number): number {
    return this.#peers.get(peer)?.count ?? 0;
  }

  /** Tells everything of a peer whose Peer Up was just sent, and then its End-of-RIB. */
  startPeer(peer: number, { out }: SessionTables): void {
    const member = this.#memberOf(peer);
    if (!member) return;
    const followed = { peer, table: out, told: new Bitmap(), count: 0, ended: false, member };
    this.#peers.set(peer, followed);
    this.#follower(member.group).start(followed);
  }

  /** The peer is down: the collector has forgotten its routes, or is about to. */
  left(peer: number): void {
    const followed = this.#peers.get(peer);
    if (followed) this.#leave(followed);
    this.#peers.delete(peer);
  }

  /** The new group's table is gone through; what was told is looked at anew, and held until then. */
  moved(peer: number, rib: FamilyRib): void {
    const followed = rib === this.#rib ? this.#peers.get(peer) : undefined;
    const member = this.#memberOf(peer);
    if (!followed || !member) return;
    const follower = this.#follower(member.group);
    const { told } = followed;
    for (let row = told.next(1); row !== 0; row = told.next(row + 1)) follower.changed(row);
    this.#leave(followed);
    followed.member = member;
    follower.start(followed);
  }

  pull(octets: number, nowMs: number): void {
    for (const follower of this.#followers.values()) {
      if (this.#writer.octets >= octets) return;
      if (follower.pending) follower.pull(this.#writer, octets, nowMs);
    }
  }

  #memberOf(peer: number): Member | undefined {
    return this.#advertiser.membersOf(peer).find(({ group }) => group.rib === this.#rib);
  }

  #follower(group: UpdateGroup): GroupFollower {
    let follower = this.#followers.get(group);
    if (!follower) {
      follower = new GroupFollower(group, this.#advertiser);
      this.#followers.set(group, follower);
    }
    return follower;
  }

  #leave({ peer, member: { group } }: FollowedPeer): void {
    const follower = this.#followers.get(group);
    if (!follower || follower.stop(peer) > 0) return;
    follower.close();
    this.#followers.delete(group);
  }

  close(): void {
    this.#advertiser.followers.delete(this);
    for (const follower of this.#followers.values()) follower.close();
    this.#followers.clear();
    this.#peers.clear();
  }
}
