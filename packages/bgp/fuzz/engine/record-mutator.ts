/** Mutations that know of records, path attributes and capabilities, so that lengths stay right and the inside is reached. */
import { KIND, type Rec, readRecords, writeRecords } from '../records.js';
import { mutateOctets, pick, type Random } from './octet-mutator.js';

/** A value with what stands before its length: flags and type of an attribute, the code of a capability. */
interface Item {
  readonly head: Uint8Array;
  readonly value: Uint8Array;
}

const OPTIONAL_TRANSITIVE = [0x40, 0x80, 0xc0, 0xe0];
const TYPES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 32, 35, 99];
const CAPABILITIES = [1, 2, 5, 6, 9, 64, 65, 69, 70, 71, 73, 128];

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
const withLength = (bytes: Uint8Array): Uint8Array => joined(Uint8Array.of(bytes.length >>> 8, bytes.length), bytes);

function attributesOf(block: Uint8Array): Item[] {
  const items: Item[] = [];
  for (let at = 0; at + 3 <= block.length; ) {
    const extended = (block[at]! & 0x10) !== 0;
    const start = at + (extended ? 4 : 3);
    const length = extended ? u16(block, at + 2) : block[at + 2]!;
    items.push({ head: block.subarray(at, at + 2), value: block.subarray(start, start + length) });
    at = start + length;
  }
  return items;
}

const attributeBlock = (items: readonly Item[]): Uint8Array =>
  joined(
    ...items.map(({ head, value }) => {
      const extended = value.length > 255 || (head[0]! & 0x10) !== 0;
      const flags = extended ? head[0]! | 0x10 : head[0]!;
      const length = extended ? [value.length >>> 8, value.length & 0xff] : [value.length];
      return joined(Uint8Array.of(flags, head[1]!, ...length), value);
    }),
  );

function capabilitiesOf(block: Uint8Array): Item[] {
  const items: Item[] = [];
  for (let at = 0; at + 2 <= block.length; at += 2 + block[at + 1]!) {
    items.push({ head: block.subarray(at, at + 1), value: block.subarray(at + 2, at + 2 + block[at + 1]!) });
  }
  return items;
}

const capabilityBlock = (items: readonly Item[]): Uint8Array =>
  joined(
    ...items.map(({ head, value }) => joined(head, Uint8Array.of(Math.min(255, value.length)), value.subarray(0, 255))),
  );

function mutateItems(items: Item[], lent: readonly Item[], head: () => Uint8Array, random: Random): Item[] {
  const at = pick(random, items.length);
  const item = items[at];
  const gift = lent[pick(random, lent.length)];
  const choice = pick(random, 10);
  if (!item || choice === 0)
    items.splice(at, 0, { head: head(), value: mutateOctets(new Uint8Array(), new Uint8Array(), random) });
  else if (choice === 1) items.splice(at, 1);
  else if (choice === 2) items.splice(at, 0, item);
  else if (choice === 3) items[at] = { ...item, head: head() };
  else if (choice === 4)
    items[at] = { ...item, head: mutateOctets(item.head, item.head, random).slice(0, item.head.length) };
  else if (choice === 5) items.push(...items.splice(at, 1));
  else if (choice === 6 && gift) items.splice(at, 0, gift);
  else items[at] = { ...item, value: mutateOctets(item.value, gift?.value ?? item.value, random) };
  return items.filter(({ head: { length } }) => length > 0);
}

/** The three fields of the body of an UPDATE. */
function fieldsOf(body: Uint8Array) {
  const attributes = 2 + u16(body, 0);
  const nlri = attributes + 2 + u16(body, attributes);
  return {
    withdrawn: body.subarray(2, attributes),
    attributes: body.subarray(attributes + 2, nlri),
    nlri: body.subarray(nlri),
  };
}

function mutateUpdate(body: Uint8Array, donor: Uint8Array, random: Random): Uint8Array {
  let { withdrawn, attributes, nlri } = fieldsOf(body);
  const lent = fieldsOf(donor);
  const choice = random();
  if (choice < 0.15) withdrawn = mutateOctets(withdrawn, lent.nlri, random);
  else if (choice < 0.35) nlri = mutateOctets(nlri, lent.nlri, random);
  else if (choice < 0.4) [withdrawn, nlri] = [nlri, withdrawn];
  else {
    const head = () => Uint8Array.of(OPTIONAL_TRANSITIVE[pick(random, 4)]!, TYPES[pick(random, TYPES.length)]!);
    attributes = attributeBlock(mutateItems(attributesOf(attributes), attributesOf(lent.attributes), head, random));
  }
  return joined(withLength(withdrawn), withLength(attributes), nlri);
}

function mutateOpen(body: Uint8Array, donor: Uint8Array, random: Random): Uint8Array {
  if (body.length < 12 || random() < 0.2) return mutateOctets(body, donor, random);
  const head = () => Uint8Array.of(CAPABILITIES[pick(random, CAPABILITIES.length)]!);
  const items = mutateItems(capabilitiesOf(body.subarray(12)), capabilitiesOf(donor.subarray(12)), head, random);
  const block = capabilityBlock(items).subarray(0, 253);
  return joined(body.subarray(0, 9), Uint8Array.of(block.length + 2, 2, block.length), block);
}

function mutateBody({ kind, body }: Rec, donor: Uint8Array, random: Random): Uint8Array {
  if (random() < 0.15) return mutateOctets(body, donor, random);
  if (kind === KIND.update) return mutateUpdate(body, donor, random);
  if (kind === KIND.open) return mutateOpen(body, donor, random);
  return mutateOctets(body, donor, random);
}

/** Changes of an input of records; `donor` is another input of the same target. */
export function mutateRecords(input: Uint8Array, donor: Uint8Array, headOctets: number, random: Random): Uint8Array {
  let head = input.slice(0, headOctets);
  if (head.length < headOctets) head = new Uint8Array(headOctets);
  const records = readRecords(input, headOctets);
  const lent = readRecords(donor, headOctets);
  do {
    const at = pick(random, records.length);
    const record = records[at];
    const gift = lent[pick(random, lent.length)];
    const choice = random();
    if (headOctets > 0 && choice < 0.04) head[pick(random, headOctets)] = pick(random, 256);
    else if (!record || choice < 0.14)
      records.splice(pick(random, records.length + 1), 0, gift ?? { kind: KIND.keepalive, arg: 0, body: head });
    else if (choice < 0.2) records.splice(at, 1);
    else if (choice < 0.24) records.splice(pick(random, records.length + 1), 0, record);
    else if (choice < 0.28) records.push(...records.splice(at, 1));
    else if (choice < 0.34) records[at] = { ...record, arg: pick(random, 256) };
    else if (choice < 0.38)
      records[at] = { ...record, kind: random() < 0.6 ? pick(random, 7) : 0x80 + pick(random, 16) };
    else {
      const same = lent.filter(({ kind }) => kind === record.kind);
      const from = same[pick(random, same.length)] ?? gift ?? record;
      records[at] = { ...record, body: mutateBody(record, from.body, random) };
    }
  } while (random() < 0.4);
  return writeRecords(head, records);
}
