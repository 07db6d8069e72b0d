/** The interfaces of this node as the kernel tells them; what comes and goes is an event, and a cause to look again. */

import { type Address, formatAddress, isLinkLocal } from '@tortie/ip';
import { ADDRESS_FLAGS, type InterfaceAddress, type Link } from '@tortie/linux';
import { type KernelEvent, type Rtnetlink, type Subscription, subscribeEvents } from '@tortie/linux/node';
import { isHostInterface } from '../../src/pods/names.js';
import type { Journal } from '../journal.js';

/** Of the host's end of a pod's link; `address`: one has left it. */
export type PodLinkChange = 'changed' | 'removed' | 'address';

export interface LinksOptions {
  readonly rtnetlink: Rtnetlink;
  readonly journal: Journal;
  readonly onChange: () => void;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #byIndex = new Map<number, Link>();
  /** Link-local IPv6 addresses that can be used, by interface and text. */
  readonly #linkLocals = new Map<number, Map<string, Address>>();
  readonly #listeners: (() => void)[] = [];
  readonly #podListeners: ((link: Link, change: PodLinkChange) => void)[] = [];
  #subscription: Subscription | undefined;

  private constructor(options: LinksOptions) {
    this.#options = options;
  }

  /** Subscribes first, then lists, so that no change falls between. */
  static async start(options: LinksOptions): Promise<Links> {
    const links = new Links(options);
    links.#subscription = await subscribeEvents({
      groups: ['link', 'address'],
      onEvents: (events) => links.#onEvents(events),
      onResync: () => void links.#list(),
    });
    await links.#list();
    return links;
  }

  name(ifindex: number): string | undefined {
    return this.#byIndex.get(ifindex)?.name;
  }

  byName(name: string): Link | undefined {
    for (const link of this.#byIndex.values()) if (link.name === name) return link;
    return undefined;
  }

  /** Our link-local IPv6 addresses on an interface that duplicate address detection is through with. */
  linkLocals(ifindex: number): readonly Address[] {
    return [...(this.#linkLocals.get(ifindex)?.values() ?? [])];
  }

  /** Called after each change of links and addresses; those of pods are left out: no route of others leads over them. */
  follow(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Called after each change of the links of pods. */
  followPods(listener: (link: Link, change: PodLinkChange) => void): void {
    this.#podListeners.push(listener);
  }

  close(): void {
    this.#subscription?.close();
  }

  async #list(): Promise<void> {
    try {
      const { rtnetlink } = this.#options;
      const [links, addresses] = [await rtnetlink.links(), await rtnetlink.addresses({ version: 6 })];
      this.#byIndex.clear();
      for (const link of links) this.#byIndex.set(link.ifindex, link);
      this.#linkLocals.clear();
      for (const address of addresses) this.#note(address, false);
      this.#changed();
    } catch (error) {
      this.#options.journal.problem('reading the interfaces failed', error as Error);
    }
  }

  #onEvents(events: readonly KernelEvent[]): void {
    let others = false;
    for (const event of events) {
      if (event.type === 'link') {
        const { link, removed } = event;
        const before = this.#byIndex.get(link.ifindex);
        if (before && before.name !== link.name && isHostInterface(before.name))
          for (const listener of this.#podListeners) listener(before, 'removed');
        if (!isHostInterface(link.name)) others = true;
        else for (const listener of this.#podListeners) listener(link, removed ? 'removed' : 'changed');
        this.#onLink(link, removed);
      }
      if (event.type === 'address') {
        const { address, ifindex } = event.address;
        const link = this.#byIndex.get(ifindex);
        if (!isHostInterface(link?.name ?? '')) others = true;
        else if (event.removed) for (const listener of this.#podListeners) listener(link!, 'address');
        this.#note(event.address, event.removed);
        this.#tell(
          `address ${formatAddress(address)} ${event.removed ? 'left' : 'came to'} ${this.name(ifindex) ?? `interface ${ifindex}`}`,
          this.name(ifindex),
          'debug',
        );
      }
    }
    if (others) this.#changed();
  }

  #changed(): void {
    this.#options.onChange();
    for (const listener of this.#listeners) listener();
  }

  #note({ ifindex, address, flags }: InterfaceAddress, removed: boolean): void {
    if (address.version === 4 || !isLinkLocal(address)) return;
    const key = formatAddress(address);
    const usable = !removed && (flags & (ADDRESS_FLAGS.TENTATIVE | ADDRESS_FLAGS.DADFAILED)) === 0;
    const known = this.#linkLocals.get(ifindex);
    if (!usable) known?.delete(key);
    else if (known) known.set(key, address);
    else this.#linkLocals.set(ifindex, new Map([[key, address]]));
  }

  #onLink(link: Link, removed: boolean): void {
    const before = this.#byIndex.get(link.ifindex);
    if (removed) this.#byIndex.delete(link.ifindex);
    if (removed) this.#linkLocals.delete(link.ifindex);
    else this.#byIndex.set(link.ifindex, link);
    // What happens to pods is told with their names.
    const level = isHostInterface(link.name) ? 'debug' : 'info';
    if (removed) this.#tell(`interface ${link.name} is gone`, link.name, level);
    else if (before && before.running !== link.running) {
      this.#tell(`interface ${link.name} is ${link.running ? 'up' : 'down'}`, link.name, level);
    } else if (!before) this.#tell(`interface ${link.name} appeared`, link.name, 'debug');
  }

  #tell(text: string, subject: string | undefined, level: 'debug' | 'info' = 'info'): void {
    if (level === 'debug') this.#options.journal.log.debug({ kind: 'link', subject }, text);
    else this.#options.journal.event({ kind: 'link', text, ...(subject !== undefined && { subject }) });
  }
}

/** Addresses of this node in the kernel's order; none where the kernel cannot be asked. */
export async function nodeAddresses(rtnetlink: Rtnetlink): Promise<Address[]> {
  const addresses = await rtnetlink.addresses();
  return addresses.filter(({ scope }) => scope === 0).map(({ address }) => address);
}
