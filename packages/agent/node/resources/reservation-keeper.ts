/** IPReservations: the reservations of address management. */
import { API_VERSION, type IpReservation, type Resource } from '@tortie/cluster';
import { addressBits, formatPrefix, hostPrefix, type Prefix, parseAddress, parsePrefix } from '@tortie/ip';
import type { IpamApi, Reservation } from '@tortie/ipam';
import type { Keeper, ListedPage, PageRequest, Present } from './keeper.js';
import { pageOf, revisionOf } from './keeper.js';
import { type Notes, notesOf } from './notes.js';

export class ReservationKeeper implements Keeper {
  readonly #ipam: IpamApi;

  constructor(ipam: IpamApi) {
    this.#ipam = ipam;
  }

  async page(request: PageRequest): Promise<ListedPage> {
    return pageOf((await this.#ipam.reservations()).map(reservationResource), request);
  }

  async get(name: string): Promise<Present | undefined> {
    const found = (await this.#ipam.reservations()).find((one) => one.name === name);
    return found && reservationResource(found);
  }

  filled(resource: Resource): Resource {
    const { reservedCIDRs } = resource.spec as IpReservation['spec'];
    return { ...resource, spec: { reservedCIDRs: reservedCIDRs.map((text) => formatRange(parseRange(text))) } };
  }

  async check(): Promise<readonly []> {
    return [];
  }

  async write(resource: Resource, present: Present | undefined): Promise<void> {
    const { reservedCIDRs } = resource.spec as IpReservation['spec'];
    const notes = { ...notesOf(resource, present?.metadata.creationTimestamp) };
    const revision = (present && revisionOf(present)) ?? 0;
    await this.#ipam.reserve(resource.metadata.name, reservedCIDRs.map(parseRange), { notes, revision });
  }

  async remove(present: Present): Promise<void> {
    await this.#ipam.unreserve(present.metadata.name, revisionOf(present));
  }
}

const parseRange = (text: string): Prefix => (text.includes('/') ? parsePrefix(text) : hostPrefix(parseAddress(text)));

/** A single address without its length, as people write it. */
const formatRange = (range: Prefix): string => {
  const text = formatPrefix(range);
  return range.length === addressBits(range.version) ? text.slice(0, text.indexOf('/')) : text;
};

function reservationResource({ name, cidrs, notes, revision }: Reservation): Present {
  return {
    apiVersion: API_VERSION,
    kind: 'IPReservation',
    metadata: { name, ...((notes ?? {}) as Notes), resourceVersion: String(revision) },
    spec: { reservedCIDRs: cidrs.map(formatRange) },
  };
}
