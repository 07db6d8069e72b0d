/** Policy rules: struct fib_rule_hdr and FRA_* (linux/fib_rules.h), as far as a routing daemon needs them. */
import { ipv4, ipv6, type Prefix } from '@tortie/ip';
import { familyOf, versionOf } from './family.js';
import { address, readAttributes, row, schema, text, u8, u32, writeAttributes } from './netlink/attribute.js';
import { type NetlinkMessage, requireBody } from './netlink/message.js';
import type { MessageWriter } from './netlink/message-writer.js';

export const RTM_RULE = { NEW: 32, DELETE: 33, GET: 34 } as const;
const FIB_RULE_OCTETS = 12;
const FR_ACT_TO_TBL = 1;

/** "What matches is looked up in this table." */
export interface Rule {
  readonly version: 4 | 6;
  readonly priority: number;
  readonly table: number;
  readonly source?: Prefix;
  readonly destination?: Prefix;
  readonly inInterface?: string;
  readonly mark?: number;
  readonly mask?: number;
  /** Who made it, of the same numbers as rtm_protocol; 0 or absent: nobody says. */
  readonly protocol?: number;
}

const attributes = schema({
  destination: row(1, address),
  source: row(2, address),
  inInterface: row(3, text),
  priority: row(6, u32),
  mark: row(10, u32),
  table: row(15, u32),
  mask: row(16, u32),
  protocol: row(21, u8),
});

const words = (prefix: Prefix | undefined) => {
  if (!prefix || prefix.length === 0) return undefined;
  const { length: _length, ...address } = prefix;
  return address;
};

export function writeRule(to: MessageWriter, type: number, flags: number, seq: number, rule: Rule): void {
  to.begin(type, flags, seq);
  to.u8(familyOf(rule.version));
  to.u8(rule.destination?.length ?? 0);
  to.u8(rule.source?.length ?? 0);
  to.u8(0);
  to.u8(rule.table < 256 ? rule.table : 0);
  to.u8(0);
  to.u8(0);
  to.u8(FR_ACT_TO_TBL);
  to.u32(0);
  writeAttributes(attributes, to, {
    destination: words(rule.destination),
    source: words(rule.source),
    inInterface: rule.inInterface,
    priority: rule.priority,
    mark: rule.mark,
    table: rule.table,
    mask: rule.mask,
    protocol: rule.protocol,
  });
  to.end();
}

export function writeRuleDump(to: MessageWriter, flags: number, seq: number, version: 4 | 6): void {
  to.begin(RTM_RULE.GET, flags, seq);
  to.u8(familyOf(version));
  for (let i = 1; i < FIB_RULE_OCTETS; i++) to.u8(0);
  to.end();
}

/** Undefined for rules that do something else than look up a table. */
export function readRule(message: NetlinkMessage): Rule | undefined {
  requireBody(message, FIB_RULE_OCTETS);
  const { bytes, start, end } = message;
  const version = versionOf(bytes[start]!);
  if (!version || bytes[start + 7] !== FR_ACT_TO_TBL) return undefined;
  const values = readAttributes(attributes, message, start + FIB_RULE_OCTETS, end);
  const any = version === 4 ? ipv4(0) : ipv6(0, 0, 0, 0);
  const prefix = (length: number, value = any): Prefix => ({ ...value, length });
  const [toLength, fromLength] = [bytes[start + 1]!, bytes[start + 2]!];
  return {
    version,
    priority: values.priority ?? 0,
    table: values.table ?? bytes[start + 4]!,
    ...(fromLength ? { source: prefix(fromLength, values.source) } : {}),
    ...(toLength ? { destination: prefix(toLength, values.destination) } : {}),
    ...(values.inInterface ? { inInterface: values.inInterface } : {}),
    ...(values.mark === undefined ? {} : { mark: values.mark }),
    ...(values.mask === undefined ? {} : { mask: values.mask }),
    ...(values.protocol ? { protocol: values.protocol } : {}),
  };
}
