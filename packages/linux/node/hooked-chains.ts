/** What all tables of nf_tables, whoever made them, have to say about packets at one hook. Read only. */
import {
  isNft,
  MessageWriter,
  type NetlinkMessage,
  NFT_FAMILIES,
  type NftFamily,
  readNftChain,
  readShownNftRule,
  type ShownNftChain,
  type ShownNftRule,
  writeNftChainDump,
  writeNftRuleDump,
} from '@tortie/linux';
import { NETLINK_NETFILTER, NetlinkSocket } from './netlink-socket.js';
import type { NetnsRef } from './netns-path.js';

/** A chain that the kernel calls at the hook, with the rules of its table: chains call one another. */
export interface HookedChain extends ShownNftChain {
  readonly familyName: NftFamily;
  readonly rules: readonly ShownNftRule[];
  /** All chains of its table. */
  readonly chains: readonly string[];
}

const FAMILY_NAMES: ReadonlyMap<number, NftFamily> = new Map(
  Object.entries(NFT_FAMILIES).map(([name, number]) => [number, name as NftFamily]),
);

/** Those that see IP packets. Throws LinuxError where the kernel has no nf_tables, or we may not. */
export async function hookedChains(hook: string, options: { readonly netns?: NetnsRef } = {}): Promise<HookedChain[]> {
  const socket = new NetlinkSocket({ netns: options.netns, protocol: NETLINK_NETFILTER });
  const dump = async (what: string, write: (to: MessageWriter, seq: number) => void): Promise<NetlinkMessage[]> => {
    const to = new MessageWriter();
    const seq = socket.nextSeq();
    write(to, seq);
    const all: NetlinkMessage[] = [];
    for await (const messages of socket.dump(what, seq, to.written)) {
      for (const message of messages) if (isNft(message.type)) all.push(message);
    }
    return all;
  };
  try {
    const chains = (await dump('list chains', writeNftChainDump)).map(readNftChain);
    const found: HookedChain[] = [];
    for (const chain of chains) {
      const familyName = FAMILY_NAMES.get(chain.family);
      if (chain.hook !== hook || !familyName) continue;
      const table = { family: familyName, name: chain.table };
      const rules = (await dump('list rules', (to, seq) => writeNftRuleDump(to, seq, table))).map(readShownNftRule);
      const siblings = chains.filter((other) => other.table === chain.table && other.family === chain.family);
      found.push({ ...chain, familyName, rules, chains: siblings.map(({ name }) => name) });
    }
    return found;
  } finally {
    void socket.close();
  }
}
