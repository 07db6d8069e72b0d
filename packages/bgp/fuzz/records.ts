/**
 * The form of most inputs: a head, then records of a kind, an argument and a body with its length. So a mutation inside of
 * one message leaves the others readable, and lengths on the wire are right unless they are meant to be wrong.
 */
export interface Rec {
  readonly kind: number;
  readonly arg: number;
  readonly body: Uint8Array;
}

/** Kinds 1 to 5 are BGP messages by type. */
export const KIND = {
  raw: 0,
  open: 1,
  update: 2,
  notification: 3,
  keepalive: 4,
  routeRefresh: 5,
  otherType: 6,
} as const;

const HEAD_OCTETS = 4;

/** Any octets are records; of one cut short there is what there is. */
export function readRecords(input: Uint8Array, headOctets: number): Rec[] {
  const records: Rec[] = [];
  for (let at = headOctets; at + HEAD_OCTETS <= input.length; ) {
    const length = (input[at + 2]! << 8) | input[at + 3]!;
    const start = at + HEAD_OCTETS;
    records.push({ kind: input[at]!, arg: input[at + 1]!, body: input.subarray(start, start + length) });
    at = start + length;
  }
  return records;
}

export function writeRecords(head: Uint8Array, records: readonly Rec[]): Uint8Array {
  const bodies = records.map(({ body }) => body.subarray(0, 0xffff));
  const total = bodies.reduce((sum, body) => sum + HEAD_OCTETS + body.length, head.length);
  const input = new Uint8Array(total);
  input.set(head);
  let at = head.length;
  for (const [index, body] of bodies.entries()) {
    const { kind, arg } = records[index]!;
    input.set([kind, arg, body.length >>> 8, body.length & 0xff], at);
    input.set(body, at + HEAD_OCTETS);
    at += HEAD_OCTETS + body.length;
  }
  return input;
}

/** The octets on the wire of a record that is a message, or of a raw one. */
export function wireOctets({ kind, arg, body }: Rec): Uint8Array {
  if (kind === KIND.raw) return body;
  const length = Math.min(body.length, 0xffff - 19) + 19;
  const bytes = new Uint8Array(length).fill(0xff, 0, 16);
  bytes[16] = length >>> 8;
  bytes[17] = length & 0xff;
  bytes[18] = kind === KIND.otherType ? arg : kind;
  bytes.set(body.subarray(0, length - 19), 19);
  return bytes;
}

/** A stream of messages as records; what is no message comes as one raw record. */
export function recordsOf(stream: Uint8Array): Rec[] {
  const records: Rec[] = [];
  let at = 0;
  while (at + 19 <= stream.length) {
    const length = (stream[at + 16]! << 8) | stream[at + 17]!;
    const type = stream[at + 18]!;
    const marker = stream.subarray(at, at + 16).every((octet) => octet === 0xff);
    if (!marker || length < 19 || at + length > stream.length) break;
    const body = stream.subarray(at + 19, at + length);
    records.push(type >= 1 && type <= 5 ? { kind: type, arg: 0, body } : { kind: KIND.otherType, arg: type, body });
    at += length;
  }
  if (at < stream.length) records.push({ kind: KIND.raw, arg: 0, body: stream.subarray(at) });
  return records;
}
