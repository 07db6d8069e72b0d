/** The interfaces of this node as the kernel tells them; what comes and goes is an event, and a cause to look again. */

import { type Address, formatAddress } from '@tortie/ip';
import type { Link } from '@tortie/linux';
import { type KernelEvent, type Rtnetlink, type Subscription, subscribeEvents } from '@tortie/linux/node';
import type { Journal } from '../journal.js';

export interface LinksOptions {
  readonly rtnetlink: Rtnetlink;
  readonly journal: Journal;
  readonly onChange: () => void;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #byIndex = new Map<number, Link>();
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

  close(): void {
    this.#subscription?.close();
  }

  async #list(): Promise<void> {
    try {
      const links = await this.#options.rtnetlink.links();
      this.#byIndex.clear();
      for (const link of links) this.#byIndex.set(link.ifindex, link);
      this.#options.onChange();
    } catch (error) {
      this.#options.journal.problem('reading the interfaces failed', error as Error);
    }
  }

  #onEvents(events: readonly KernelEvent[]): void {
    for (const event of events) {
      if (event.type === 'link') this.#onLink(event.link, event.removed);
      if (event.type === 'address') {
        const { address, ifindex } = event.address;
        this.#tell(
          `address ${formatAddress(address)} ${event.removed ? 'left' : 'came to'} ${this.name(ifindex) ?? `interface ${ifindex}`}`,
          this.name(ifindex),
          'debug',
        );
      }
    }
    this.#options.onChange();
  }

  #onLink(link: Link, removed: boolean): void {
    const before = this.#byIndex.get(link.ifindex);
    if (removed) this.#byIndex.delete(link.ifindex);
    else this.#byIndex.set(link.ifindex, link);
    if (removed) this.#tell(`interface ${link.name} is gone`, link.name);
    else if (before && before.running !== link.running) {
      this.#tell(`interface ${link.name} is ${link.running ? 'up' : 'down'}`, link.name);
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
