/** A client of the kernel's WireGuard: devices are made as other links are, keys and peers are set here. */
import {
  GENERIC_CONTROL,
  LinuxError,
  MessageWriter,
  mergeWireguard,
  NLM_F,
  readFamilyId,
  readWireguard,
  type WireguardChange,
  type WireguardDevice,
  wireguardPieces,
  writeFamilyLookup,
  writeWireguardChange,
  writeWireguardDump,
} from '@tortie/linux';
import { NetlinkSocket } from './netlink-socket.js';
import type { NetnsRef } from './netns-path.js';

const NETLINK_GENERIC = 16;
const ASK = NLM_F.REQUEST | NLM_F.ACK;
const DUMP = NLM_F.REQUEST | NLM_F.DUMP;

/** Throws LinuxError where the kernel has no WireGuard. */
export async function openWireguard(options: { readonly netns?: NetnsRef } = {}): Promise<Wireguard> {
  const socket = new NetlinkSocket({ ...options, protocol: NETLINK_GENERIC });
  try {
    const to = new MessageWriter();
    const seq = socket.nextSeq();
    writeFamilyLookup(to, ASK, seq, 'wireguard');
    const answers = await socket.request('look for the family wireguard', seq, to.written);
    const id = answers.filter(({ type }) => type === GENERIC_CONTROL).map(readFamilyId)[0];
    if (id === undefined)
      throw new LinuxError('ERR_LINUX_MESSAGE', 'the kernel gave no number of the family wireguard');
    return new Wireguard(socket, id);
  } catch (error) {
    void socket.close();
    throw error;
  }
}

export class Wireguard {
  readonly #socket: NetlinkSocket;
  readonly #family: number;

  constructor(socket: NetlinkSocket, family: number) {
    this.#socket = socket;
    this.#family = family;
  }

  /** Its private key is left out. Throws LinuxError where the link is none of WireGuard. */
  async device(ifindex: number): Promise<WireguardDevice> {
    const to = new MessageWriter();
    const seq = this.#socket.nextSeq();
    writeWireguardDump(to, this.#family, DUMP, seq, ifindex);
    const parts: WireguardDevice[] = [];
    for await (const messages of this.#socket.dump(`read WireGuard device ${ifindex}`, seq, to.written)) {
      for (const message of messages) if (message.type === this.#family) parts.push(readWireguard(message));
    }
    const whole = mergeWireguard(parts);
    if (!whole) throw new LinuxError('ERR_LINUX_NOT_FOUND', `there is no WireGuard device ${ifindex}`);
    return whole;
  }

  /** In several steps where it is large. */
  async change({ peers = [], ...device }: WireguardChange): Promise<void> {
    const { ifindex } = device;
    if (Object.keys(device).length > 1) await this.#set(device);
    for (const piece of wireguardPieces(peers)) await this.#set({ ifindex, peers: piece });
  }

  close(): void {
    void this.#socket.close();
  }

  async #set(change: WireguardChange): Promise<void> {
    const to = new MessageWriter();
    const seq = this.#socket.nextSeq();
    writeWireguardChange(to, this.#family, ASK, seq, change);
    await this.#socket.request(`set WireGuard device ${change.ifindex}`, seq, to.written);
  }
}
