/** What all tables of nf_tables, whoever made them, have to say about packets at some hooks. Read only. */
import {
  type FilterTable,
  filterTable,
  isNft,
  MessageWriter,
  type NetlinkMessage,
  NFT_FAMILIES,
  type NftFamily,
  readNftChain,
  readShownElements,
  readShownNftRule,
  readShownSet,
  type ShownElement,
  type ShownNftChain,
  type ShownNftRule,
  type ShownSet,
  writeNftChainDump,
  writeNftElementDump,
  writeNftRuleDump,
  writeNftSetDump,
} from '@tortie/linux';
import { NETLINK_NETFILTER, NetlinkSocket } from './netlink-socket.js';
import type { NetnsRef } from './netns-path.js';

/** A chain that the kernel calls at a hook, with what its table has: chains call one another. */
export interface HookedChain extends ShownNftChain {
  readonly familyName: NftFamily;
  readonly contents: FilterTable;
  /** All chains of its table. */
  readonly chains: readonly string[];
}

const FAMILY_NAMES: ReadonlyMap<number, NftFamily> = new Map(
  Object.entries(NFT_FAMILIES).map(([name, number]) => [number, name as NftFamily]),
);
/** Sets with more are lists of who is to be blocked, by the hundred thousand. */
const MAX_ELEMENTS = 20_000;

/** Those that see IP packets, in the order in which they do. Throws LinuxError where the kernel has no nf_tables, or we may not. */
export async function hookedChains(hook: string, options: { readonly netns?: NetnsRef } = {}): Promise<HookedChain[]> {
  const socket = new NetlinkSocket({ netns: options.netns, protocol: NETLINK_NETFILTER });
  try {
    const chains = (await all(socket, 'list chains', writeNftChainDump)).map(readNftChain);
    const tables = new Map<string, FilterTable>();
    const found: HookedChain[] = [];
    for (const chain of chains) {
      const familyName = FAMILY_NAMES.get(chain.family);
      if (chain.hook !== hook || !familyName) continue;
      const table = { family: familyName, name: chain.table };
      const key = `${familyName} ${chain.table}`;
      const contents = tables.get(key) ?? (await contentsOf(socket, table, options.netns));
      tables.set(key, contents);
      const siblings = chains.filter((other) => other.table === chain.table && other.family === chain.family);
      found.push({ ...chain, familyName, contents, chains: siblings.map(({ name }) => name) });
    }
    return found.sort((x, y) => (x.priority ?? 0) - (y.priority ?? 0));
  } finally {
    void socket.close();
  }
}

interface Table {
  readonly family: NftFamily;
  readonly name: string;
}

async function contentsOf(socket: NetlinkSocket, table: Table, netns: NetnsRef | undefined): Promise<FilterTable> {
  const rules = (await all(socket, 'list rules', (to, seq) => writeNftRuleDump(to, seq, table))).map(readShownNftRule);
  const asked = setsIn(rules);
  if (asked.size === 0) return filterTable(rules);
  const family = NFT_FAMILIES[table.family];
  const sets = (await all(socket, 'list sets', (to, seq) => writeNftSetDump(to, seq, family, table.name)))
    .map(readShownSet)
    .filter(({ name }) => asked.has(name));
  const whole: ShownSet[] = [];
  for (const set of sets) whole.push({ ...set, elements: await elementsOf(table, set.name, netns) });
  return filterTable(rules, whole);
}

const setsIn = (rules: readonly ShownNftRule[]): ReadonlySet<string> =>
  new Set(rules.flatMap(({ expressions }) => expressions.flatMap((one) => (one.type === 'lookup' ? [one.set] : []))));

/** Undefined where there are too many. */
async function elementsOf(table: Table, set: string, netns: NetnsRef | undefined): Promise<ShownElement[] | undefined> {
  // A socket of its own: the rest of a dump that is left stays in it.
  const socket = new NetlinkSocket({ netns, protocol: NETLINK_NETFILTER });
  const elements: ShownElement[] = [];
  try {
    for await (const message of dump(socket, 'list a set', (to, seq) => writeNftElementDump(to, seq, table, set))) {
      for (const element of readShownElements(message)) elements.push(element);
      if (elements.length > MAX_ELEMENTS) return undefined;
    }
    return elements;
  } finally {
    void socket.close();
  }
}

type Write = (to: MessageWriter, seq: number) => void;

async function* dump(socket: NetlinkSocket, what: string, write: Write): AsyncGenerator<NetlinkMessage> {
  const to = new MessageWriter();
  const seq = socket.nextSeq();
  write(to, seq);
  for await (const messages of socket.dump(what, seq, to.written)) {
    for (const message of messages) if (isNft(message.type)) yield message;
  }
}

async function all(socket: NetlinkSocket, what: string, write: Write): Promise<NetlinkMessage[]> {
  const messages: NetlinkMessage[] = [];
  for await (const message of dump(socket, what, write)) messages.push(message);
  return messages;
}
