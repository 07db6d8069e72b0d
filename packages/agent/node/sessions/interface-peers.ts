/**
 * Peers that are named by an interface: finds out who is at its far end, by router advertisements (RFC 4861), by what the
 * kernel's neighbour table holds and by who calls, and wakes the peers loop when the answer changes. The speaker knows
 * nothing of it.
 */
import type { RunningSpeaker } from '@tortie/bgp/node';
import { type Address, addressesEqual, formatAddress, isLinkLocal, tryParseAddress } from '@tortie/ip';
import { NEIGHBOUR_FLAGS, NEIGHBOUR_STATE, type Neighbour } from '@tortie/linux';
import { type Rtnetlink, type Subscription, subscribeEvents } from '@tortie/linux/node';
import type { PeerDiscovery } from '../../src/api/discovery.js';
import type { Journal } from '../journal.js';
import type { Links } from '../reconcilers/links.js';
import { Uplink } from './uplink.js';

export interface InterfacePeersOptions {
  /** Absent where the kernel cannot be asked. */
  readonly kernel: { readonly links: Links; readonly rtnetlink: Rtnetlink } | undefined;
  readonly speaker: RunningSpeaker;
  readonly journal: Journal;
  /** Another address, or none any more. */
  readonly onChange: () => void;
}

const NO_KERNEL: PeerDiscovery = {
  state: 'waiting',
  reason: 'finding neighbours needs the native addon of @tortie/linux, which does not load here',
};
const IPV6_FAMILY = 10;
const UNDER_WAY: ReadonlySet<string> = new Set(['open-sent', 'open-confirm', 'established']);

interface Entry {
  readonly peer: string;
  readonly uplink: Uplink;
  /** What was told last. */
  told: string;
}

export class InterfacePeers {
  readonly #options: InterfacePeersOptions;
  /** By interface. */
  readonly #entries = new Map<string, Entry>();
  #neighbours: Promise<Subscription | undefined> | undefined;
  #closed = false;

  constructor(options: InterfacePeersOptions) {
    this.#options = options;
    options.kernel?.links.follow(() => this.#linksChanged());
    options.speaker.on('refused', ({ remoteAddress }) => this.#called(remoteAddress));
    options.speaker.on('session', ({ peer, to }) => {
      if (UNDER_WAY.has(to)) return;
      // Who had to wait for the session of another may have his turn.
      for (const entry of this.#entries.values()) if (entry.peer === peer) this.#tell(entry);
    });
  }

  /** Somebody on one of the interfaces has called who is no peer yet: is he the one we look for? */
  #called(remoteAddress: string): void {
    const [text, name] = remoteAddress.split('%') as [string, string?];
    const address = tryParseAddress(text);
    const entry = name === undefined ? undefined : this.#entries.get(name);
    if (address && entry) entry.uplink.hear(address, 'connection');
  }

  /** Makes the interfaces that are listened on those of these peers: names of peers by interface. */
  apply(wanted: ReadonlyMap<string, string>): void {
    if (!this.#options.kernel) return;
    for (const [name, { peer, uplink }] of [...this.#entries]) {
      if (wanted.get(name) === peer) continue;
      uplink.close();
      this.#entries.delete(name);
    }
    for (const [name, peer] of wanted) if (!this.#entries.has(name)) this.#add(name, peer);
    if (this.#entries.size > 0) this.#neighbours ??= this.#followNeighbours();
  }

  /** Who is at the far end of the interface. */
  found(name: string): Address | undefined {
    return this.#entries.get(name)?.uplink.found;
  }

  discovery(name: string): PeerDiscovery {
    if (!this.#options.kernel) return NO_KERNEL;
    return (
      this.#entries.get(name)?.uplink.discovery() ?? { state: 'waiting', reason: 'nobody listens: the peer is down' }
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { uplink } of this.#entries.values()) uplink.close();
    this.#entries.clear();
    (await this.#neighbours)?.close();
  }

  #add(name: string, peer: string): void {
    const { journal } = this.#options;
    const uplink = new Uplink({
      name,
      engaged: (address) => this.#isUnderWay(peer, address),
      onHeard: () => this.#tell(entry),
      onDoubt: (address) => this.#probe(uplink, address),
      onProblem: (text, error) => journal.event({ kind: 'peer', subject: peer, text, cause: error.message }, 'warn'),
    });
    const entry: Entry = { peer, uplink, told: '' };
    this.#entries.set(name, entry);
    this.#update(entry);
    // The peers loop asks right after this; it need not be woken.
    entry.told = textOf(uplink.discovery());
  }

  #linksChanged(): void {
    for (const entry of this.#entries.values()) this.#update(entry);
  }

  #update(entry: Entry): void {
    const { links } = this.#options.kernel!;
    const link = links.byName(entry.uplink.name);
    const own = link ? links.linkLocals(link.ifindex) : [];
    const lookAround = entry.uplink.update(link, own);
    if (link?.running) this.#checkOwn(entry.peer, own);
    this.#tell(entry);
    if (lookAround && link) void this.#lookAround(entry, link.ifindex);
  }

  /** A session from an address that has left the interface is dead, and says so only when its hold timer runs out. */
  #checkOwn(peer: string, own: readonly Address[]): void {
    const { speaker } = this.#options;
    const view = speaker.peer(peer);
    const local = view?.localAddress;
    if (view?.state !== 'established' || !local || !isLinkLocal(local) || own.length === 0) return;
    if (own.some((address) => addressesEqual(address, local))) return;
    speaker.resetPeer(peer, 'hard', `${formatAddress(local)} has left the interface`);
  }

  /** Tells of a change, once. */
  #tell(entry: Entry): void {
    if (this.#closed || this.#entries.get(entry.uplink.name) !== entry) return;
    const discovery = entry.uplink.discovery();
    const text = textOf(discovery);
    if (text === entry.told) return;
    entry.told = text;
    const cause = discovery.reason === undefined ? {} : { cause: discovery.reason };
    const { name } = entry.uplink;
    this.#options.journal.event({
      kind: 'peer',
      subject: entry.peer,
      text:
        discovery.address === undefined
          ? `peer ${entry.peer} has no neighbour on ${name}`
          : `peer ${entry.peer} is ${discovery.address} on ${name}`,
      ...cause,
    });
    this.#options.onChange();
  }

  #isUnderWay(peer: string, address: Address): boolean {
    const view = this.#options.speaker.peer(peer);
    return view !== undefined && UNDER_WAY.has(view.state) && addressesEqual(view.config.remoteAddress, address);
  }

  async #followNeighbours(): Promise<Subscription | undefined> {
    const { journal } = this.#options;
    try {
      return await subscribeEvents({
        groups: ['neighbour'],
        onEvents: (events) => {
          for (const event of events)
            if (event.type === 'neighbour' && !event.removed) this.#onNeighbour(event.neighbour);
        },
        onResync: () => {
          for (const entry of this.#entries.values()) {
            const { ifindex } = entry.uplink;
            if (ifindex !== undefined) void this.#lookAround(entry, ifindex);
          }
        },
      });
    } catch (error) {
      journal.problem('the neighbour table cannot be followed', error as Error);
      return undefined;
    }
  }

  /** The answer comes as an event of the neighbour table; where the kernel no longer knows the neighbour it has one already. */
  #probe({ ifindex }: Uplink, address: Address): void {
    if (ifindex === undefined) return;
    this.#options
      .kernel!.rtnetlink.probeNeighbour({ family: IPV6_FAMILY, ifindex, address, flags: NEIGHBOUR_FLAGS.ROUTER })
      .catch(() => {});
  }

  /** Reads the neighbour table: after a restart of ours it knows who was there without anybody saying a word. */
  async #lookAround({ peer }: Entry, ifindex: number): Promise<void> {
    try {
      const neighbours = await this.#options.kernel!.rtnetlink.neighbours({ ifindex, version: 6 });
      for (const neighbour of neighbours) this.#onNeighbour(neighbour);
    } catch (error) {
      if (!this.#closed) this.#options.journal.problem(`reading the neighbours of ${peer} failed`, error as Error);
    }
  }

  #onNeighbour({ family, ifindex, address, state, flags }: Neighbour): void {
    if (family !== IPV6_FAMILY || !address || !isLinkLocal(address)) return;
    for (const { uplink } of this.#entries.values()) {
      if (uplink.ifindex !== ifindex) continue;
      if (state & NEIGHBOUR_STATE.FAILED) uplink.silence(address);
      else if (flags & NEIGHBOUR_FLAGS.ROUTER && !(state & NEIGHBOUR_STATE.INCOMPLETE)) {
        uplink.hear(address, 'neighbour-table');
      }
    }
  }
}

/** What of a discovery makes a difference: not when it was heard. */
const textOf = ({ address, reason, state }: PeerDiscovery): string =>
  address ?? `${state} ${reason?.replace(/ since .*/, '')}`;
