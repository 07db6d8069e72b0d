/**
 * Which paths of a prefix an ADD-PATH group (RFC 7911) advertises: the first of those that may go to its members at all,
 * best first. A member that is the source of one gets the others, so one fewer.
 */
import { PathRanking } from '../decision/path-ranking.js';
import type { FamilyRib } from '../rib/family-rib.js';
import { ROUTE } from '../rib/route-row.js';
import type { UpdateGroup } from './update-group.js';

export class PathChoice {
  readonly #rib: FamilyRib;
  readonly #max: number;
  readonly #ranking: PathRanking;
  readonly #routes: number[] = [];
  readonly #ids: number[] = [];

  constructor(rib: FamilyRib, max: number) {
    this.#rib = rib;
    this.#max = max;
    this.#ranking = new PathRanking(rib.selection);
  }

  /** Has the group compare what should be advertised of a prefix with what is. */
  look(prefix: number, group: UpdateGroup): void {
    const { paths } = this.#rib;
    const routes = this.#routes;
    this.#choose(prefix, group);
    for (let path = paths.head(prefix); path !== 0; path = paths.nextOf(path)) {
      if (!routes.includes(paths.pathId(path))) group.tell(path, 0, 0);
    }
    for (let i = 0; i < routes.length; i++) {
      const route = routes[i]!;
      group.tell(paths.intern(prefix, route), this.#ids[i]!, this.#rib.word(route, ROUTE.peer) & 0xffff);
    }
  }

  #choose(prefix: number, group: UpdateGroup): void {
    const rib = this.#rib;
    this.#routes.length = 0;
    this.#ids.length = 0;
    this.#ranking.begin();
    for (let route = rib.prefixes.head(prefix); route !== 0; route = rib.nextOf(route)) {
      if (rib.ineligibility(route) === undefined) this.#ranking.add(route);
    }
    while (this.#routes.length < this.#max) {
      const route = this.#ranking.next();
      if (route === 0) return;
      const id = group.exported(prefix, route, rib.word(route, ROUTE.peer) & 0xffff);
      if (id === 0) continue;
      this.#routes.push(route);
      this.#ids.push(id);
    }
  }
}
