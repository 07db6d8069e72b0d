/** Where frames of a VXLAN go: forwarding and neighbour entries from the nodes' records. Nothing is learned, nothing flooded. */
import { type Address, counted, formatAddress, isMulticast } from '@tortie/ip';
import { AF, familyOf, NEIGHBOUR_FLAGS, NEIGHBOUR_STATE, type Neighbour } from '@tortie/linux';
import type { Rtnetlink } from '@tortie/linux/node';
import { type FarEnd, vxlanGateway } from '../../src/ways/plan.js';
import type { Journal } from '../journal.js';

export class VxlanNeighbours {
  readonly #rtnetlink: Rtnetlink;
  readonly #journal: Journal;
  /** Places of what was set, by interface. */
  readonly #set = new Map<number, ReadonlySet<string>>();

  constructor(rtnetlink: Rtnetlink, journal: Journal) {
    this.#rtnetlink = rtnetlink;
    this.#journal = journal;
  }

  /**
   * Adds and corrects what is wanted, and tells of what somebody had taken away; gives what stands there beyond that, for `forget`
   * once no route needs it.
   */
  async add(
    { ifindex, subject }: { readonly ifindex: number; readonly subject: string },
    version: 4 | 6,
    ends: readonly FarEnd[],
  ): Promise<readonly Neighbour[]> {
    const wanted = new Map(ends.flatMap((end) => entriesOf(ifindex, version, end)).map((one) => [placeOf(one), one]));
    const present = new Map((await this.#present(ifindex, version)).map((one) => [placeOf(one), one]));
    const missing = [...wanted].filter(([place, one]) => !isSame(present.get(place), one));
    await Promise.all(missing.map(([, one]) => this.#rtnetlink.setNeighbour(one)));
    const before = this.#set.get(ifindex);
    this.#set.set(ifindex, new Set(wanted.keys()));
    const lost = missing.filter(([place]) => before?.has(place) && !present.has(place)).length;
    if (lost > 0) {
      const text = `${counted(lost, 'entry', 'entries')} of ${subject} had been taken away, and ${lost === 1 ? 'is' : 'are'} there again`;
      const cause = 'somebody has changed its neighbours or forwarding entries';
      this.#journal.event({ kind: 'link', subject, text, cause }, 'warn');
    }
    return [...present].filter(([place]) => !wanted.has(place)).map(([, one]) => one);
  }

  async forget(entries: readonly Neighbour[]): Promise<void> {
    await Promise.all(entries.map((one) => this.#rtnetlink.deleteNeighbour(one)));
  }

  async #present(ifindex: number, version: 4 | 6): Promise<Neighbour[]> {
    const neighbours = await this.#rtnetlink.neighbours({ ifindex, version });
    const forwarding = await this.#rtnetlink.forwardingEntries(ifindex);
    // Others than permanent ones the kernel makes by itself.
    const own = neighbours.filter(
      ({ address, state }) => address && !isMulticast(address) && state & NEIGHBOUR_STATE.PERMANENT,
    );
    return [...own, ...forwarding];
  }
}

function entriesOf(ifindex: number, version: 4 | 6, end: FarEnd): Neighbour[] {
  const { mac, underlay } = end;
  if (mac === undefined) return [];
  const [address, state] = [vxlanGateway(version, end), NEIGHBOUR_STATE.PERMANENT];
  return [
    { ifindex, family: familyOf(version), address, mac, state, flags: 0 },
    { ifindex, family: AF.BRIDGE, destination: underlay, mac, state, flags: NEIGHBOUR_FLAGS.SELF },
  ];
}

/** What an entry is about; a MAC leads to one far end only. */
const placeOf = ({ family, address, mac }: Neighbour): string =>
  family === AF.BRIDGE ? `fdb ${mac}` : `neighbour ${text(address)}`;

const isSame = (one: Neighbour | undefined, other: Neighbour): boolean =>
  one !== undefined && one.mac === other.mac && text(one.destination) === text(other.destination);

const text = (address: Address | undefined): string => (address ? formatAddress(address) : '');
