/** The messages of nf_tables: subsystem 10 of nfnetlink (linux/netfilter/nfnetlink.h, nf_tables.h). */
import type { MessageWriter } from '../netlink/message-writer.js';

const SUBSYSTEM = 10;
const message = (type: number): number => (SUBSYSTEM << 8) | type;

/** NFT_MSG_*. */
export const NFT = {
  NEW_TABLE: message(0),
  DELETE_TABLE: message(2),
  NEW_CHAIN: message(3),
  GET_CHAIN: message(4),
  NEW_RULE: message(6),
  GET_RULE: message(7),
  NEW_SET: message(9),
  GET_SET: message(10),
  NEW_ELEMENTS: message(12),
  GET_ELEMENTS: message(13),
  DELETE_ELEMENTS: message(14),
} as const;

/** Between these two messages the kernel takes all or nothing. */
const BATCH = { BEGIN: 0x10, END: 0x11 } as const;

/** Whether a message is one of nf_tables. */
export const isNft = (type: number): boolean => type >> 8 === SUBSYSTEM;

/** NFPROTO_*: what a table or chain is about. */
export const NFT_FAMILIES = { inet: 1, ip: 2, ip6: 10 } as const;
export type NftFamily = keyof typeof NFT_FAMILIES;

export const NFGENMSG_OCTETS = 4;

/** Begins a message with its struct nfgenmsg; attributes follow. */
export function beginNft(to: MessageWriter, type: number, family: number, flags: number, seq: number): void {
  to.begin(type, flags, seq);
  to.u8(family);
  to.u8(0);
  to.be16(0);
}

export function writeBatchEdge(to: MessageWriter, edge: keyof typeof BATCH, flags: number, seq: number): void {
  to.begin(BATCH[edge], flags, seq);
  to.u8(0);
  to.u8(0);
  to.be16(SUBSYSTEM);
  to.end();
}
