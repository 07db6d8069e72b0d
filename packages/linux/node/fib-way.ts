/**
 * Ways: what a route of ours can lead to, a set of next hops or nowhere. Many routes share one, so each is interned, and
 * carries the message that installs a route of it.
 */
import { formatAddress, formatPrefix, type IpVersion, type Prefix, prefixCovers } from '@tortie/ip';
import { type NextHop, type Resilience, type Route, RouteTemplate, RTM_ROUTE, SCOPE } from '@tortie/linux';
import type { NexthopObjects } from './nexthop-objects.js';

export interface FibIdentity {
  readonly protocol: number;
  readonly metric: number;
  readonly table: number;
}

/** Which routes with several next hops hold on to their flows, and how. */
export interface ResilientRoutes extends Resilience {
  /** Routes inside these; absent: all. */
  readonly prefixes?: readonly Prefix[] | undefined;
}

export interface Way {
  readonly index: number;
  readonly version: IpVersion;
  readonly kind: 'unicast' | 'blackhole';
  /** What sets it apart from another way with the same next hops. */
  readonly mark: string;
  readonly nextHops: readonly NextHop[];
  /** Of a resilient group: the one prefix it is for. */
  readonly owner: string | undefined;
  /** The nexthop object or group behind it; 0 where gateways stand in each route. */
  nexthopId: number;
  /** Undefined until `prepare`. */
  template: RouteTemplate | undefined;
  /** Routes in the kernel that take it. */
  routes: number;
}

/** Gateways stand in each route although objects are in use. */
const INLINE = 'inline ';
/** It leads through an object that is none of ours, or that would be made otherwise today. */
const OTHER = 'object ';
/** Each takes the kernel about 32 octets a bucket, and an id; routes above that share groups like those that are not resilient. */
const MOST_RESILIENT = 4096;

export class WayTable {
  readonly #identity: FibIdentity;
  /** Undefined where the kernel lacks nexthop objects or the user wants none. */
  readonly #objects: NexthopObjects | undefined;
  readonly #ways: Way[] = [];
  readonly #byKey = new Map<string, Way>();
  /** By identity of the array: callers tend to hand in the same one for many routes. */
  readonly #byHops = new WeakMap<readonly NextHop[], Map<string, Way>>();
  readonly #resilient: ResilientRoutes | undefined;
  /** The way that a prefix's own group leads now; only its `nexthopId` is that of the group. */
  readonly #own = new Map<string, Way>();
  /** Whose group an object is, as the kernel's routes said when they were read. */
  readonly #ownerOf = new Map<number, string>();
  /** Places of ways that were only for one prefix, and are no more. */
  readonly #free: number[] = [];

  /** `resilient` needs objects, and a kernel that has such groups. */
  constructor(identity: FibIdentity, objects: NexthopObjects | undefined, resilient?: ResilientRoutes) {
    this.#identity = identity;
    this.#objects = objects;
    this.#resilient = resilient;
  }

  get resilient(): boolean {
    return this.#resilient !== undefined;
  }

  at(index: number): Way {
    return this.#ways[index]!;
  }

  all(): readonly Way[] {
    return this.#ways;
  }

  /** The way of a change, made where it is new. The array must not be changed afterwards. */
  of(kind: Way['kind'], version: IpVersion, nextHops: readonly NextHop[]): Way {
    const side = version === 4 ? kind : `${kind}6`;
    const cached = this.#byHops.get(nextHops);
    const known = cached?.get(side);
    if (known) return known;
    const way = this.#intern(kind, version, nextHops);
    if (cached) cached.set(side, way);
    else this.#byHops.set(nextHops, new Map([[side, way]]));
    return way;
  }

  /**
   * The way of one prefix alone, whose group is changed in place; undefined where its group is shared. A prefix keeps its group while
   * one next hop is left: what comes back soon must not take over flows that go on. (Through a group of one the kernel counts no
   * packets, so that after `idleTimerS` it takes all flows for idle.)
   */
  ofPrefix(prefix: Prefix, nextHops: readonly NextHop[]): Way | undefined {
    const owner = this.#ownerFor(prefix, nextHops);
    return owner === undefined ? undefined : this.#intern('unicast', prefix.version, nextHops, `of ${owner} `, owner);
  }

  /** Whether a route that the kernel has would be written otherwise today, to the same next hops. */
  isOutdated(prefix: Prefix, { kind, mark, owner, nextHops }: Way): boolean {
    if (mark.startsWith(OTHER)) return true;
    return kind === 'unicast' && owner === undefined && this.#ownerFor(prefix, nextHops) !== undefined;
  }

  /** The prefix as text where a route of it has a group of its own. */
  #ownerFor(prefix: Prefix, nextHops: readonly NextHop[]): string | undefined {
    if (!this.#resilient || !withInterfaces(nextHops)) return undefined;
    const isSingle = nextHops.length < 2;
    if (isSingle && this.#own.size === 0) return undefined;
    const { prefixes } = this.#resilient;
    if (prefixes && !prefixes.some((range) => prefixCovers(range, prefix))) return undefined;
    const owner = formatPrefix(prefix);
    return this.#own.has(owner) || (!isSingle && this.#own.size < MOST_RESILIENT) ? owner : undefined;
  }

  /** Before the kernel's routes are read anew: which groups belong to whom is told by them. */
  forgetOwners(): void {
    this.#own.clear();
    this.#ownerOf.clear();
  }

  /** Whether routes through this object share a way. */
  isShared(id: number): boolean {
    return this.#objects?.resilienceOf(id) === undefined;
  }

  /** The way of a route that the kernel has, through an object of ours; undefined where it is none of ours. */
  ofObject(id: number, prefix: Prefix): Way | undefined {
    const hops = this.#objects?.hopsOf(id);
    if (!hops) return undefined;
    if (this.isShared(id)) return this.#intern('unicast', prefix.version, hops);
    return this.#ofGroup(id, prefix, hops) ?? this.#intern('unicast', prefix.version, hops, `${OTHER}${id} `);
  }

  /** Undefined where the group is not as it would be made today, or is that of another prefix. */
  #ofGroup(id: number, prefix: Prefix, hops: readonly NextHop[]): Way | undefined {
    const wanted = this.#resilient;
    if (!wanted || !sameResilience(this.#objects!.resilienceOf(id)!, wanted)) return undefined;
    const owner = formatPrefix(prefix);
    if ((this.#ownerOf.get(id) ?? owner) !== owner) return undefined;
    this.#ownerOf.set(id, owner);
    const way = this.#intern('unicast', prefix.version, hops, `of ${owner} `, owner);
    if (way.nexthopId !== id) way.template = undefined;
    way.nexthopId = id;
    this.#own.set(owner, way);
    return way;
  }

  /** The way of a route that the kernel has. */
  ofRoute(route: Route): Way {
    const kind = route.type === 'blackhole' ? 'blackhole' : 'unicast';
    const hops = route.nexthopId ? this.#objects?.hopsOf(route.nexthopId) : undefined;
    // A route through an object that is none of ours leads elsewhere whatever its next hops look like now.
    const mark = route.nexthopId && !hops ? `${OTHER}${route.nexthopId} ` : this.#objects && !hops ? INLINE : '';
    return this.#intern(kind, route.prefix.version, hops ?? route.nextHops, mark);
  }

  #intern(kind: Way['kind'], version: IpVersion, hops: readonly NextHop[], marked = '', owner?: string): Way {
    const nextHops = kind === 'blackhole' ? [] : hops;
    const mark = kind === 'blackhole' ? '' : marked || (this.#objects && !withInterfaces(hops) ? INLINE : '');
    const key = keyOf(kind, version, nextHops, mark);
    const known = this.#byKey.get(key);
    if (known) return known;
    const way: Way = {
      index: this.#free.pop() ?? this.#ways.length,
      version,
      kind,
      mark,
      nextHops,
      owner,
      nexthopId: 0,
      template: undefined,
      routes: 0,
    };
    this.#ways[way.index] = way;
    this.#byKey.set(key, way);
    return way;
  }

  /** Makes the object behind a way and its message. Throws LinuxError `ERR_LINUX_NETLINK` where the kernel refuses. */
  async prepare(way: Way): Promise<void> {
    if (way.template) return;
    const { kind, nextHops, version } = way;
    const throughObject = this.#objects !== undefined && kind === 'unicast' && (!way.mark || way.owner !== undefined);
    if (way.owner !== undefined) await this.#prepareGroup(way, way.owner);
    else way.nexthopId = throughObject ? await this.#objects!.ensure(nextHops, version) : 0;
    const direct = kind === 'unicast' && !throughObject && version === 4 && nextHops.every((hop) => !hop.gateway);
    way.template = new RouteTemplate(version, RTM_ROUTE.NEW, {
      ...this.#identity,
      type: kind,
      scope: direct ? SCOPE.LINK : SCOPE.UNIVERSE,
      ...(throughObject ? { nexthopId: way.nexthopId } : { nextHops }),
    });
  }

  /** The route follows its group at once; what the pipeline writes then changes nothing. */
  async #prepareGroup(way: Way, owner: string): Promise<void> {
    const before = this.#own.get(owner);
    const id = before?.nexthopId || undefined;
    way.nexthopId = await this.#objects!.ensureResilient(id, way.nextHops, way.version, this.#resilient!);
    if (before && before !== way) {
      before.nexthopId = 0;
      before.template = undefined;
    }
    this.#own.set(owner, way);
  }

  /** After the objects were read again: ways whose object went or changed are to be prepared anew. */
  revalidate(): void {
    for (const way of this.#ways) {
      if (!way.nexthopId) continue;
      const hops = this.#objects?.hopsOf(way.nexthopId);
      if (hops && hopsKey(hops) === hopsKey(way.nextHops)) continue;
      way.nexthopId = 0;
      way.template = undefined;
    }
  }

  /** Whether a way as the kernel shows it is what was asked for, which may have left interfaces open. */
  satisfies(shown: number, asked: number): boolean {
    const [is, wanted] = [this.at(shown), this.at(asked)];
    if (is.kind !== wanted.kind || is.mark !== wanted.mark || is.version !== wanted.version) return false;
    if (is.nextHops.length !== wanted.nextHops.length) return false;
    const left = [...is.nextHops];
    return wanted.nextHops.every((hop) => {
      const at = left.findIndex(
        (other) => hopKey(hop.ifindex === undefined ? withoutInterface(other) : other) === hopKey(hop),
      );
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
  }

  /** Whether a route of ours, one on its way among them, may lead over this link: some next hops leave the link to the kernel. */
  mayLeadOver(ifindex: number): boolean {
    return this.#ways.some(
      ({ template, routes, nextHops }) =>
        (template !== undefined || routes > 0) &&
        nextHops.some((hop) => hop.ifindex === undefined || hop.ifindex === ifindex),
    );
  }

  /** Objects that installed routes need; ways without routes are to be prepared anew when they come back. */
  usedObjects(): Set<number> {
    const used = new Set<number>();
    // A group is in use as long as its prefix has a route, whichever of its ways that is counted for.
    const owners = new Set<string>();
    for (const { routes, owner } of this.#ways) if (routes > 0 && owner !== undefined) owners.add(owner);
    for (const [owner, way] of this.#own) {
      if (owners.has(owner)) used.add(way.nexthopId);
      else this.#own.delete(owner);
    }
    for (const way of this.#ways) {
      if (way.routes > 0 && way.nexthopId) used.add(way.nexthopId);
      else if (way.nexthopId && !used.has(way.nexthopId)) {
        way.nexthopId = 0;
        way.template = undefined;
      }
      if (way.owner !== undefined && way.routes === 0 && way.nexthopId === 0) this.#release(way);
    }
    return used;
  }

  /** How many ways `usedObjects` could tidy up. */
  get unused(): number {
    return this.#ways.filter(({ routes, nexthopId, owner }) => routes === 0 && (nexthopId || owner !== undefined))
      .length;
  }

  /** A way of one prefix alone leaves its place to another. */
  #release(way: Way): void {
    const key = keyOf(way.kind, way.version, way.nextHops, way.mark);
    if (this.#byKey.get(key) !== way) return;
    this.#byKey.delete(key);
    this.#free.push(way.index);
  }
}

const sameResilience = (x: Resilience, y: Resilience): boolean =>
  x.buckets === y.buckets && x.idleTimerS === y.idleTimerS && x.unbalancedTimerS === y.unbalancedTimerS;

const withoutInterface = ({ ifindex: _ifindex, ...hop }: NextHop): NextHop => hop;

const withInterfaces = (hops: readonly NextHop[]): boolean =>
  hops.length > 0 && hops.every((hop) => hop.ifindex !== undefined);

const hopKey = ({ gateway, ifindex, weight, onLink }: NextHop): string =>
  `${gateway ? formatAddress(gateway) : ''}%${ifindex ?? ''}*${weight ?? 1}${onLink ? '!' : ''}`;

const hopsKey = (hops: readonly NextHop[]): string => hops.map(hopKey).sort().join(' ');

const keyOf = (kind: Way['kind'], version: IpVersion, hops: readonly NextHop[], mark: string): string =>
  kind === 'blackhole' ? `${version} blackhole` : `${version} ${mark}${hopsKey(hops)}`;
