/** The MTU of the node's way out: what fits into a pod's link fits through there. */
import { parseAddress } from '@tortie/ip';
import { LINK_FLAGS } from '@tortie/linux';
import type { Rtnetlink } from '@tortie/linux/node';
import { isHostInterface } from '../../src/pods/names.js';
import { isTunnelKind } from '../../src/ways/tunnel.js';

/** Addresses nobody has (RFC 5737, RFC 3849): the kernel says by which way it would leave to the world. */
const ELSEWHERE = ['198.51.100.1', '2001:db8::1'].map(parseAddress);
const ETHERNET_MTU = 1500;
const LOOPBACK = 0x8;

/**
 * That of the interface the default route leaves by, else the smallest of those that are up, else 1500. Asked for once, and
 * again when interfaces or addresses of the node have changed.
 */
export class HostMtu {
  readonly #rtnetlink: Rtnetlink;
  #mtu: Promise<number> | undefined;

  constructor(rtnetlink: Rtnetlink) {
    this.#rtnetlink = rtnetlink;
  }

  get(): Promise<number> {
    this.#mtu ??= this.#ask().catch((error) => {
      this.#mtu = undefined;
      throw error;
    });
    return this.#mtu;
  }

  forget(): void {
    this.#mtu = undefined;
  }

  async #ask(): Promise<number> {
    for (const address of ELSEWHERE) {
      const way = await this.#rtnetlink.resolve(address);
      const link = way.reachable && way.ifindex !== undefined ? await this.#rtnetlink.link(way.ifindex) : undefined;
      if (link && !(link.flags & LOOPBACK)) return link.mtu;
    }
    const ways = (await this.#rtnetlink.links()).filter(
      ({ name, flags, kind }) =>
        flags & LINK_FLAGS.UP && !(flags & LOOPBACK) && !isHostInterface(name) && !isTunnelKind(kind),
    );
    return ways.length > 0 ? Math.min(...ways.map(({ mtu }) => mtu)) : ETHERNET_MTU;
  }
}
