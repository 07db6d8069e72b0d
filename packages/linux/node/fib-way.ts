/**
 * Ways: what a route of ours can lead to, a set of next hops or nowhere. Many routes share one, so each is interned, and
 * carries the message that installs a route of it.
 */
import { formatAddress, type IpVersion } from '@tortie/ip';
import { type NextHop, type Route, RouteTemplate, RTM_ROUTE, SCOPE } from '@tortie/linux';
import type { NexthopObjects } from './nexthop-objects.js';

export interface FibIdentity {
  readonly protocol: number;
  readonly metric: number;
  readonly table: number;
}

export interface Way {
  readonly index: number;
  readonly version: IpVersion;
  readonly kind: 'unicast' | 'blackhole';
  /** What sets it apart from another way with the same next hops. */
  readonly mark: string;
  readonly nextHops: readonly NextHop[];
  /** The nexthop object or group behind it; 0 where gateways stand in each route. */
  nexthopId: number;
  /** Undefined until `prepare`. */
  template: RouteTemplate | undefined;
  /** Routes in the kernel that take it. */
  routes: number;
}

/** Gateways stand in each route although objects are in use. */
const INLINE = 'inline ';

export class WayTable {
  readonly #identity: FibIdentity;
  /** Undefined where the kernel lacks nexthop objects or the user wants none. */
  readonly #objects: NexthopObjects | undefined;
  readonly #ways: Way[] = [];
  readonly #byKey = new Map<string, Way>();
  /** By identity of the array: callers tend to hand in the same one for many routes. */
  readonly #byHops = new WeakMap<readonly NextHop[], Map<string, Way>>();

  constructor(identity: FibIdentity, objects: NexthopObjects | undefined) {
    this.#identity = identity;
    this.#objects = objects;
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

  /** The way of a route that the kernel has, through an object of ours; undefined where it is none of ours. */
  ofObject(id: number, version: IpVersion): Way | undefined {
    const hops = this.#objects?.hopsOf(id);
    return hops && this.#intern('unicast', version, hops);
  }

  /** The way of a route that the kernel has. */
  ofRoute(route: Route): Way {
    const kind = route.type === 'blackhole' ? 'blackhole' : 'unicast';
    const hops = route.nexthopId ? this.#objects?.hopsOf(route.nexthopId) : undefined;
    // A route through an object that is none of ours leads elsewhere whatever its next hops look like now.
    const mark = route.nexthopId && !hops ? `object ${route.nexthopId} ` : this.#objects && !hops ? INLINE : '';
    return this.#intern(kind, route.prefix.version, hops ?? route.nextHops, mark);
  }

  #intern(kind: Way['kind'], version: IpVersion, hops: readonly NextHop[], marked = ''): Way {
    const nextHops = kind === 'blackhole' ? [] : hops;
    const mark = kind === 'blackhole' ? '' : marked || (this.#objects && !withInterfaces(hops) ? INLINE : '');
    const key = keyOf(kind, version, nextHops, mark);
    const known = this.#byKey.get(key);
    if (known) return known;
    const way: Way = {
      index: this.#ways.length,
      version,
      kind,
      mark,
      nextHops,
      nexthopId: 0,
      template: undefined,
      routes: 0,
    };
    this.#ways.push(way);
    this.#byKey.set(key, way);
    return way;
  }

  /** Makes the object behind a way and its message. Throws LinuxError `ERR_LINUX_NETLINK` where the kernel refuses. */
  async prepare(way: Way): Promise<void> {
    if (way.template) return;
    const { kind, nextHops, version } = way;
    const shared = this.#objects !== undefined && kind === 'unicast' && !way.mark;
    way.nexthopId = shared ? await this.#objects!.ensure(nextHops, version) : 0;
    const direct = kind === 'unicast' && !shared && version === 4 && nextHops.every((hop) => !hop.gateway);
    way.template = new RouteTemplate(version, RTM_ROUTE.NEW, {
      ...this.#identity,
      type: kind,
      scope: direct ? SCOPE.LINK : SCOPE.UNIVERSE,
      ...(shared ? { nexthopId: way.nexthopId } : { nextHops }),
    });
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
    for (const way of this.#ways) {
      if (way.routes > 0 && way.nexthopId) used.add(way.nexthopId);
      else if (way.nexthopId) {
        way.nexthopId = 0;
        way.template = undefined;
      }
    }
    return used;
  }
}

const withoutInterface = ({ ifindex: _ifindex, ...hop }: NextHop): NextHop => hop;

const withInterfaces = (hops: readonly NextHop[]): boolean =>
  hops.length > 0 && hops.every((hop) => hop.ifindex !== undefined);

const hopKey = ({ gateway, ifindex, weight, onLink }: NextHop): string =>
  `${gateway ? formatAddress(gateway) : ''}%${ifindex ?? ''}*${weight ?? 1}${onLink ? '!' : ''}`;

const hopsKey = (hops: readonly NextHop[]): string => hops.map(hopKey).sort().join(' ');

const keyOf = (kind: Way['kind'], version: IpVersion, hops: readonly NextHop[], mark: string): string =>
  kind === 'blackhole' ? `${version} blackhole` : `${version} ${mark}${hopsKey(hops)}`;
