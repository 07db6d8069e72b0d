/**
 * Our nexthop objects: singles (gateway and interface) and groups of them, found again by what they lead to, so that a
 * restarted writer goes on with the objects of the one before.
 */
import { formatAddress, type IpVersion } from '@tortie/ip';
import {
  LinuxError,
  MessageWriter,
  type NextHop,
  type Nexthop,
  type NexthopMember,
  NLM_F,
  type Resilience,
  readNexthop,
  writeBucketDump,
  writeNexthop,
  writeNexthopDelete,
  writeNexthopDump,
} from '@tortie/linux';
import type { NetlinkSocket } from './netlink-socket.js';

/** Ids we may use; both inclusive. */
export interface NexthopRange {
  readonly first: number;
  readonly last: number;
}

const CREATE = NLM_F.REQUEST | NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;
const REPLACE = NLM_F.REQUEST | NLM_F.ACK | NLM_F.REPLACE;
const DELETE = NLM_F.REQUEST | NLM_F.ACK;
const DUMP = NLM_F.REQUEST | NLM_F.DUMP;
const MAX_WEIGHT = 256;

export class NexthopObjects {
  readonly #socket: NetlinkSocket;
  readonly #protocol: number;
  readonly #range: NexthopRange;
  readonly #byId = new Map<number, Nexthop>();
  readonly #byContent = new Map<string, number>();
  #nextId: number;

  constructor(socket: NetlinkSocket, protocol: number, range: NexthopRange) {
    this.#socket = socket;
    this.#protocol = protocol;
    this.#range = range;
    this.#nextId = range.first;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Reads what the kernel has of ours. Throws LinuxError `EOPNOTSUPP` on kernels without nexthop objects. */
  async load(): Promise<void> {
    const found: Nexthop[] = [];
    const seq = this.#socket.nextSeq();
    const to = new MessageWriter();
    writeNexthopDump(to, DUMP, seq);
    for await (const messages of this.#socket.dump('list nexthops', seq, to.written)) {
      for (const message of messages) found.push(readNexthop(message));
    }
    this.#byId.clear();
    this.#byContent.clear();
    const { first, last } = this.#range;
    for (const nexthop of found) {
      if (nexthop.protocol === this.#protocol && nexthop.id >= first && nexthop.id <= last) this.#remember(nexthop);
    }
  }

  /** The next hops that routes through this object take; undefined where it is none of ours. */
  hopsOf(id: number): readonly NextHop[] | undefined {
    const nexthop = this.#byId.get(id);
    if (!nexthop) return undefined;
    if (!nexthop.group) return [hopOf(nexthop, 1)];
    return nexthop.group.flatMap(({ id: member, weight }) => {
      const single = this.#byId.get(member);
      return single ? [hopOf(single, weight)] : [];
    });
  }

  /** How the group with this id holds on to its flows; undefined where it does not, or is none of ours. */
  resilienceOf(id: number): Resilience | undefined {
    return this.#byId.get(id)?.resilience;
  }

  /** Whether the kernel has resilient groups. */
  async knowsResilience(): Promise<boolean> {
    const seq = this.#socket.nextSeq();
    const to = new MessageWriter();
    writeBucketDump(to, DUMP, seq);
    try {
      for await (const _buckets of this.#socket.dump('list buckets of nexthop groups', seq, to.written));
      return true;
    } catch (error) {
      if (error instanceof LinuxError && error.errnoName === 'EOPNOTSUPP') return false;
      throw error;
    }
  }

  /** The object for these next hops, made where it is missing. Throws LinuxError `ERR_LINUX_NETLINK`. */
  async ensure(hops: readonly NextHop[], version: IpVersion): Promise<number> {
    const group = await this.#members(hops, version);
    if (group.length === 1) return group[0]!.id;
    return this.#ensureOne({ protocol: this.#protocol, group });
  }

  /**
   * The group `id` changed to these next hops in place, so that flows through members that stay go on as they do; a new one
   * where there is no such group. Throws LinuxError `ERR_LINUX_NETLINK`.
   */
  async ensureResilient(
    id: number | undefined,
    hops: readonly NextHop[],
    version: IpVersion,
    resilience: Resilience,
  ): Promise<number> {
    const group = await this.#members(hops, version);
    const known = id === undefined ? undefined : this.#byId.get(id);
    if (!known) return this.#create({ protocol: this.#protocol, group, resilience });
    if (contentOf(known) === contentOf({ group })) return known.id;
    const nexthop = { ...known, group };
    try {
      await this.#send(`replace nexthop ${known.id}`, (to, seq) => writeNexthop(to, REPLACE, seq, nexthop));
    } catch (error) {
      if (!(error instanceof LinuxError && error.errnoName === 'ENOENT')) throw error;
      this.#forget(known);
      return this.#create({ protocol: this.#protocol, group, resilience });
    }
    this.#remember(nexthop);
    return known.id;
  }

  /** Singles for these next hops, made where they are missing. */
  async #members(hops: readonly NextHop[], version: IpVersion): Promise<readonly NexthopMember[]> {
    const weights = new Map<number, number>();
    for (const { gateway, ifindex, onLink, weight = 1 } of hops) {
      const id = await this.#ensureOne({
        protocol: this.#protocol,
        version: gateway?.version ?? version,
        ...(gateway ? { gateway } : {}),
        ...(ifindex === undefined ? {} : { ifindex }),
        ...(onLink ? { onLink } : {}),
      });
      // The kernel refuses a member that is there twice.
      weights.set(id, Math.min((weights.get(id) ?? 0) + weight, MAX_WEIGHT));
    }
    return [...weights].map(([id, weight]) => ({ id, weight })).sort((x, y) => x.id - y.id);
  }

  /** Deletes what is not in use; the kernel removes any route through a deleted object, so `used` must be complete. */
  async sweep(used: ReadonlySet<number>): Promise<number> {
    const needed = new Set(used);
    for (const id of used) for (const member of this.#byId.get(id)?.group ?? []) needed.add(member.id);
    // Groups first: the deletion of a member shrinks its groups.
    const unused = [...this.#byId.values()].filter((nexthop) => !needed.has(nexthop.id));
    unused.sort((x, y) => Number(!x.group) - Number(!y.group));
    for (const nexthop of unused) {
      try {
        await this.#send(`delete nexthop ${nexthop.id}`, (to, seq) => writeNexthopDelete(to, DELETE, seq, nexthop.id));
      } catch (error) {
        if (!(error instanceof LinuxError && error.errnoName === 'ENOENT')) throw error;
      }
      this.#forget(nexthop);
    }
    return unused.length;
  }

  async #ensureOne(wanted: Omit<Nexthop, 'id'>): Promise<number> {
    return this.#byContent.get(contentOf(wanted)) ?? this.#create(wanted);
  }

  async #create(wanted: Omit<Nexthop, 'id'>): Promise<number> {
    const { first, last } = this.#range;
    for (let tries = last - first; tries >= 0; tries--) {
      const id = this.#nextId;
      this.#nextId = id >= last ? first : id + 1;
      if (this.#byId.has(id)) continue;
      const nexthop = { ...wanted, id };
      try {
        await this.#send(`create nexthop ${id}`, (to, seq) => writeNexthop(to, CREATE, seq, nexthop));
      } catch (error) {
        // Somebody else's id.
        if (error instanceof LinuxError && error.errnoName === 'EEXIST') continue;
        throw error;
      }
      this.#remember(nexthop);
      return id;
    }
    throw new LinuxError('ERR_LINUX_NETLINK', `all nexthop ids from ${first} to ${last} are taken`);
  }

  #remember(nexthop: Nexthop): void {
    this.#byId.set(nexthop.id, nexthop);
    // A resilient group belongs to one route.
    if (nexthop.resilience) return;
    const content = contentOf(nexthop);
    if (!this.#byContent.has(content)) this.#byContent.set(content, nexthop.id);
  }

  #forget(nexthop: Nexthop): void {
    this.#byId.delete(nexthop.id);
    const content = contentOf(nexthop);
    if (this.#byContent.get(content) === nexthop.id) this.#byContent.delete(content);
  }

  async #send(what: string, write: (to: MessageWriter, seq: number) => void): Promise<void> {
    const to = new MessageWriter();
    const seq = this.#socket.nextSeq();
    write(to, seq);
    await this.#socket.request(what, seq, to.written);
  }
}

const hopOf = ({ gateway, ifindex, onLink }: Nexthop, weight: number): NextHop => ({
  ...(gateway ? { gateway } : {}),
  ...(ifindex === undefined ? {} : { ifindex }),
  ...(weight > 1 ? { weight } : {}),
  ...(onLink ? { onLink } : {}),
});

/** Two objects with the same text lead the same way. */
function contentOf({ gateway, ifindex, onLink, group, version }: Partial<Nexthop>): string {
  if (group)
    return `group ${group
      .map((member: NexthopMember) => `${member.id}*${member.weight}`)
      .sort()
      .join(' ')}`;
  return `${gateway ? formatAddress(gateway) : `IPv${version}`} ${ifindex} ${onLink ? 'onlink' : ''}`;
}
