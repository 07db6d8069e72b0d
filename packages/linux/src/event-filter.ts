/**
 * Classic BPF programs for rtnetlink event sockets: what nobody wants to hear never wakes the process. Loads give the
 * octets as a big-endian number, so netlink's own integers are compared in the order they lie in memory.
 */
import { AF } from './family.js';
import { RTM_NEIGHBOUR } from './neighbour.js';
import { LITTLE_ENDIAN, viewOf } from './netlink/byte-order.js';
import { RTM_ROUTE } from './route.js';

const LOAD_OCTET = 0x30;
const LOAD_HALF = 0x28;
const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const RETURN = 0x06;
const LOAD_NUMBER = 0x00;
const LOAD_X_NUMBER = 0x01;
const LOAD_WORD_AT_X = 0x40;
const COPY_TO_X = 0x07;
/** SKF_AD_NLATTR: with an offset in A and a type in X, A becomes the offset of that attribute, or 0. */
const FIND_ATTRIBUTE = 0xfffff00c;
const WHOLE = 0xffffffff;

const TYPE_AT = 4;
const PORT_ID_AT = 12;
const RTM_FAMILY_AT = 16;
const RTM_PROTOCOL_AT = 21;
const ATTRIBUTES_AT = 28;
const RTA_PRIORITY = 6;

/** A jump goes to a label; the line behind is the other way. */
type Line = readonly [code: number, k: number, yes?: string, no?: string] | string;

const half = (value: number): number => (LITTLE_ENDIAN ? ((value & 0xff) << 8) | (value >>> 8) : value);
const word = (value: number): number =>
  LITTLE_ENDIAN
    ? (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
    : value;

const whenRoute: readonly Line[] = [
  [LOAD_HALF, TYPE_AT],
  [JUMP_EQUAL, half(RTM_ROUTE.NEW), 'route'],
  [JUMP_EQUAL, half(RTM_ROUTE.DELETE), 'route', 'accept'],
  'route',
];
const verdicts: readonly Line[] = ['accept', [RETURN, WHOLE], 'drop', [RETURN, 0]];

/** Drops routes of one protocol; everything else passes. */
export function ignoreProtocolFilter(protocol: number): Uint8Array {
  return assemble([...whenRoute, [LOAD_OCTET, RTM_PROTOCOL_AT], [JUMP_EQUAL, protocol, 'drop', 'accept'], ...verdicts]);
}

/** Lets routes of one metric pass. */
const atMetric = (metric: number): readonly Line[] => [
  [LOAD_X_NUMBER, RTA_PRIORITY],
  [LOAD_NUMBER, ATTRIBUTES_AT],
  [LOAD_WORD, FIND_ATTRIBUTE],
  [JUMP_EQUAL, 0, 'drop'],
  [COPY_TO_X, 0],
  [LOAD_WORD_AT_X, 4],
  [JUMP_EQUAL, word(metric), 'accept', 'drop'],
];

/** Of neighbours and forwarding entries those that go: hosts that are seen and not seen are news every few seconds. */
export const goneNeighboursFilter = (): Uint8Array =>
  assemble([[LOAD_HALF, TYPE_AT], [JUMP_EQUAL, half(RTM_NEIGHBOUR.NEW), 'drop', 'accept'], ...verdicts]);

/** Of routes those to single addresses that another socket than `portId` has changed; everything that is no route passes. */
export const hostRoutesFilter = (portId: number): Uint8Array =>
  assemble([
    ...whenRoute,
    [LOAD_WORD, PORT_ID_AT],
    [JUMP_EQUAL, word(portId), 'drop'],
    // Family and length of the destination, as they lie one behind the other.
    [LOAD_HALF, RTM_FAMILY_AT],
    [JUMP_EQUAL, (AF.INET << 8) | 32, 'accept'],
    [JUMP_EQUAL, (AF.INET6 << 8) | 128, 'accept', 'drop'],
    ...verdicts,
  ]);

/**
 * What a FIB writer must hear of routes: not its own echo (the port id of its socket), but what others do to routes of
 * its protocol, and what others install at its metric, which may have hit or covered one of ours. Everything that is no
 * route passes.
 */
export function fibWriterFilter(protocol: number, metric: number, portId: number): Uint8Array {
  return assemble([
    ...whenRoute,
    [LOAD_WORD, PORT_ID_AT],
    [JUMP_EQUAL, word(portId), 'drop'],
    [LOAD_OCTET, RTM_PROTOCOL_AT],
    [JUMP_EQUAL, protocol, 'accept'],
    [LOAD_HALF, TYPE_AT],
    [JUMP_EQUAL, half(RTM_ROUTE.DELETE), 'drop'],
    ...atMetric(metric),
    ...verdicts,
  ]);
}

/** struct sock_filter {code u16, jump true u8, jump false u8, k u32}, one behind the other. */
function assemble(lines: readonly Line[]): Uint8Array {
  const labels = new Map<string, number>();
  const code: Exclude<Line, string>[] = [];
  for (const line of lines) {
    if (typeof line === 'string') labels.set(line, code.length);
    else code.push(line);
  }
  const bytes = new Uint8Array(code.length * 8);
  const view = viewOf(bytes);
  code.forEach(([operation, k, yes, no], i) => {
    const jump = (label: string | undefined): number => (label === undefined ? 0 : labels.get(label)! - i - 1);
    view.setUint16(i * 8, operation, LITTLE_ENDIAN);
    bytes[i * 8 + 2] = jump(yes);
    bytes[i * 8 + 3] = jump(no);
    view.setUint32(i * 8 + 4, k, LITTLE_ENDIAN);
  });
  return bytes;
}
