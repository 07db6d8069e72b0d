/**
 * A table of nf_tables that is ours: made, changed and read. A change is one batch: the kernel takes all of it or nothing, and
 * no packet sees the half of it.
 */
import type { Prefix } from '@tortie/ip';
import {
  elementsOf,
  isNft,
  LinuxError,
  MessageWriter,
  messagesOf,
  type NetlinkMessage,
  NFT_FAMILIES,
  type NftElements,
  type NftLayout,
  type NftPrefixSet,
  type NftTable,
  NLM_F,
  nftTableOf,
  prefixesOf,
  readNftChain,
  readNftElements,
  readNftRule,
  type SetElement,
  type ShownNftChain,
  writeBatchEdge,
  writeNftChain,
  writeNftChainDump,
  writeNftElementDump,
  writeNftElements,
  writeNftRule,
  writeNftRuleDump,
  writeNftSet,
  writeNftTable,
} from '@tortie/linux';
import { addon, syscallError } from './addon.js';
import { EAGAIN, SOL, setOption } from './descriptor.js';
import { NETLINK, NETLINK_NETFILTER, NetlinkSocket } from './netlink-socket.js';
import type { NetnsRef } from './netns-path.js';
import { type Watch, watchReadable } from './readiness.js';

export interface NftablesOptions {
  readonly netns?: NetnsRef;
  readonly table: NftTable;
  /** Somebody else touched our table, or notifications were lost: read it again. */
  readonly onDisturbed?: () => void;
}

/** A batch goes out in one send. */
const SEND_BUFFER_OCTETS = 8 * 1024 * 1024;
const ELEMENTS_AT_ONCE = 1000;
const NFNLGRP_NFTABLES = 7;
const PIECE_OCTETS = 64 * 1024;
const ENOBUFS = 105;

/** Throws LinuxError where the kernel has no nf_tables, or we may not. */
export async function openNftables(options: NftablesOptions): Promise<Nftables> {
  const nftables = new Nftables(options);
  try {
    // Opening a socket tells nothing of the kernel: nf_tables may be left out of it.
    await nftables.chains();
    return nftables;
  } catch (error) {
    nftables.close();
    const missing = error instanceof LinuxError && ['EINVAL', 'EOPNOTSUPP'].includes(error.errnoName ?? '');
    throw missing ? without(error) : error;
  }
}

const without = (cause: LinuxError): LinuxError =>
  new LinuxError('ERR_LINUX_NETLINK', 'the kernel has no nf_tables (CONFIG_NF_TABLES, module nf_tables)', {
    cause,
    ...(cause.errno !== undefined && { errno: cause.errno }),
    ...(cause.errnoName !== undefined && { errnoName: cause.errnoName }),
  });

export class Nftables {
  readonly #socket: NetlinkSocket;
  readonly #table: NftTable;
  readonly #events: NetlinkSocket | undefined;
  readonly #watch: Watch | undefined;
  readonly #onDisturbed: (() => void) | undefined;
  readonly #into = new Uint8Array(PIECE_OCTETS);

  constructor({ netns, table, onDisturbed }: NftablesOptions) {
    this.#table = table;
    this.#onDisturbed = onDisturbed;
    this.#socket = new NetlinkSocket({ netns, protocol: NETLINK_NETFILTER, sendBufferOctets: SEND_BUFFER_OCTETS });
    if (!onDisturbed) return;
    try {
      this.#events = new NetlinkSocket({ netns, protocol: NETLINK_NETFILTER });
      const { fd } = this.#events;
      setOption(fd, SOL.NETLINK, NETLINK.ADD_MEMBERSHIP, NFNLGRP_NFTABLES, 'NETLINK_ADD_MEMBERSHIP');
      this.#watch = watchReadable(fd, () => this.#read());
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Every base chain of the namespace, of whatever table: who else has a say about packets. */
  async chains(): Promise<ShownNftChain[]> {
    return (await this.#dump('list chains', writeNftChainDump)).map(readNftChain);
  }

  /** The rules of our table, in their order within each chain; undefined where there is no such table. */
  async rules(): Promise<readonly { readonly chain: string; readonly comment: string }[] | undefined> {
    const messages = await this.#dump('list our rules', (to, seq) => writeNftRuleDump(to, seq, this.#table));
    // The kernel lists no rules of a table that is not there, and says nothing else.
    if (messages.length === 0 && !(await this.chains()).some((chain) => this.#isOurs(chain))) return undefined;
    return messages.map(readNftRule);
  }

  /** The prefixes of a set; undefined where there is no such set, or where it holds something else. */
  async prefixes({ name, version }: NftPrefixSet): Promise<Prefix[] | undefined> {
    const messages = await this.#dumpOwn(`list set ${name}`, (to, seq) =>
      writeNftElementDump(to, seq, this.#table, name),
    );
    return messages && prefixesOf(messages.flatMap(readNftElements), version);
  }

  /** The table as described and nothing else in it, whatever was there: in one step, so that no packet is without. */
  async replace(layout: NftLayout, elements: NftElements): Promise<void> {
    const { chains, sets, rules } = layout;
    await this.#commit('replace our table', (to, seq) => {
      writeNftTable(to, seq, this.#table, 'add');
      writeNftTable(to, seq, this.#table, 'delete');
      writeNftTable(to, seq, this.#table, 'add');
      for (const chain of chains) writeNftChain(to, seq, this.#table, chain);
      for (const [index, set] of sets.entries()) writeNftSet(to, seq, this.#table, set, index + 1);
      for (const { name } of sets) this.#writePrefixes(to, seq, name, 'add', elements[name] ?? []);
      for (const rule of rules) writeNftRule(to, seq, this.#table, rule);
    });
  }

  /** Takes prefixes out of sets and puts others in, in one step. */
  async change(remove: NftElements, add: NftElements): Promise<void> {
    await this.#commit('change our sets', (to, seq) => {
      for (const [name, prefixes] of Object.entries(remove)) this.#writePrefixes(to, seq, name, 'delete', prefixes);
      for (const [name, prefixes] of Object.entries(add)) this.#writePrefixes(to, seq, name, 'add', prefixes);
    });
  }

  /** Takes the table away; there may be none. */
  async remove(): Promise<void> {
    await this.#commit('delete our table', (to, seq) => {
      // What is not there cannot be deleted, and kernels before 6.3 have no message that would not mind.
      writeNftTable(to, seq, this.#table, 'add');
      writeNftTable(to, seq, this.#table, 'delete');
    });
  }

  close(): void {
    this.#watch?.stop();
    void this.#events?.close();
    void this.#socket.close();
  }

  #writePrefixes(
    to: MessageWriter,
    seq: number,
    set: string,
    verb: 'add' | 'delete',
    prefixes: readonly Prefix[],
  ): void {
    const elements: SetElement[] = elementsOf(prefixes);
    for (let at = 0; at < elements.length; at += ELEMENTS_AT_ONCE) {
      writeNftElements(to, seq, this.#table, set, verb, elements.slice(at, at + ELEMENTS_AT_ONCE));
    }
  }

  /** All messages share one number: the first of them that is refused, or the end of the batch, answers for it. */
  async #commit(what: string, write: (to: MessageWriter, seq: number) => void): Promise<void> {
    const to = new MessageWriter(4096);
    const seq = this.#socket.nextSeq();
    writeBatchEdge(to, 'BEGIN', NLM_F.REQUEST, seq);
    write(to, seq);
    to.addFlags(NLM_F.ACK);
    writeBatchEdge(to, 'END', NLM_F.REQUEST, seq);
    await this.#socket.request(what, seq, to.written);
  }

  async #dumpOwn(what: string, write: (to: MessageWriter, seq: number) => void): Promise<NetlinkMessage[] | undefined> {
    try {
      return await this.#dump(what, write);
    } catch (error) {
      if (error instanceof LinuxError && error.errnoName === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #dump(what: string, write: (to: MessageWriter, seq: number) => void): Promise<NetlinkMessage[]> {
    const to = new MessageWriter();
    const seq = this.#socket.nextSeq();
    write(to, seq);
    const all: NetlinkMessage[] = [];
    for await (const messages of this.#socket.dump(what, seq, to.written)) {
      for (const message of messages) if (isNft(message.type)) all.push(message);
    }
    return all;
  }

  #read(): void {
    let disturbed = false;
    for (;;) {
      const got = addon().receive(this.#events!.fd, this.#into);
      if (got === -EAGAIN) break;
      if (got === -ENOBUFS) {
        disturbed = true;
        continue;
      }
      if (got < 0) throw syscallError('receive nf_tables events', -got);
      for (const message of messagesOf(this.#into.subarray(0, got))) if (this.#isOfOthers(message)) disturbed = true;
    }
    this.#watch!.again();
    if (disturbed) this.#onDisturbed?.();
  }

  #isOfOthers(message: NetlinkMessage): boolean {
    if (message.portId === this.#socket.portId || !isNft(message.type)) return false;
    const about = nftTableOf(message);
    return about !== undefined && this.#isOurs(about);
  }

  #isOurs({ family, table }: { readonly family: number; readonly table: string }): boolean {
    return table === this.#table.name && family === NFT_FAMILIES[this.#table.family];
  }
}
