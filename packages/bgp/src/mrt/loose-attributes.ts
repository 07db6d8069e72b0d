/**
 * The attributes of a route as they stand in a file, read forgivingly: a dump is shown as it is, also where a session would
 * have to refuse it. Nothing becomes text or an object before somebody asks. What is cut short reads as zeros, as in bgpdump.
 */
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE } from '../iana.js';
import { attributeCursor, readAttribute } from '../wire/attribute/walk.js';
import { u32At } from '../wire/reader.js';
import { AS_PATH_ERROR, isSoundPath, mergePaths, originAsns, pathText, widenPath } from './loose-as-path.js';

/** MP_REACH_NLRI or MP_UNREACH_NLRI of one AFI and SAFI. */
export interface MpField {
  present: boolean;
  nextHopStart: number;
  nextHopLength: number;
  nlriStart: number;
  nlriEnd: number;
}

const mpField = (): MpField => ({ present: false, nextHopStart: 0, nextHopLength: 0, nlriStart: 0, nlriEnd: 0 });

/** AFI 1 and 2 with SAFI 1 to 3. */
const MAX_AFI = 2;
const MAX_SAFI = 3;
export const mpIndex = (afi: number, safi: number): number => afi * (MAX_SAFI + 1) + safi;
const MP_FIELDS = mpIndex(MAX_AFI, MAX_SAFI) + 1;
export const IPV6_UNICAST = mpIndex(2, 1);

const AS_TRANS = 23456;
const EMPTY: Uint8Array = new Uint8Array(0);
const ORIGINS = ['IGP', 'EGP'] as const;

const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;
const NO_EXPORT_SUBCONFED = 0xffffff03;

/** The word at `at`; octets from `end` on read as zero. */
const wordAt = (bytes: Uint8Array, at: number, end: number): number => {
  const octet = (index: number): number => (index < end ? bytes[index]! : 0);
  return ((octet(at) << 24) | (octet(at + 1) << 16) | (octet(at + 2) << 8) | octet(at + 3)) >>> 0;
};

export class LooseAttributes {
  bytes: Uint8Array = EMPTY;
  readonly reach: readonly MpField[] = Array.from({ length: MP_FIELDS }, mpField);
  readonly unreach: readonly MpField[] = Array.from({ length: MP_FIELDS }, mpField);
  hasReach = false;
  hasUnreach = false;
  #asnOctets = 4;
  /** Offset and end of each attribute's value by type, and its flags; the offset is -1 where it is absent. */
  readonly #starts = new Int32Array(256).fill(-1);
  readonly #ends = new Int32Array(256);
  readonly #flags = new Uint8Array(256);
  readonly #types: number[] = [];
  #path: Uint8Array = EMPTY;
  #pathStart = 0;
  #pathEnd = 0;
  /** Undefined: not looked at yet. */
  #pathSound: boolean | undefined;
  #pathText: string | undefined;
  #communities: string | undefined;

  /** Looks at the attributes between two offsets; the octets must stay as they are until the next call. */
  read(bytes: Uint8Array, start: number, end: number, asnOctets: 2 | 4): void {
    this.#forget();
    this.bytes = bytes;
    this.#asnOctets = asnOctets;
    for (let at = start; at < end && readAttribute(bytes, at, end, cursor); at = cursor.valueEnd) {
      const { type, flags, valueStart, valueEnd } = cursor;
      if (this.#starts[type]! < 0) this.#types.push(type);
      this.#starts[type] = valueStart;
      this.#ends[type] = valueEnd;
      this.#flags[type] = flags & ~ATTRIBUTE_FLAG.extendedLength;
      if (type === ATTRIBUTE_TYPE.mpReach) this.#readReach(valueStart, valueEnd);
      else if (type === ATTRIBUTE_TYPE.mpUnreach) this.#readUnreach(valueStart, valueEnd);
    }
  }

  #forget(): void {
    for (let i = 0; i < this.#types.length; i++) this.#starts[this.#types[i]!] = -1;
    this.#types.length = 0;
    if (this.hasReach) for (let i = 0; i < MP_FIELDS; i++) this.reach[i]!.present = false;
    if (this.hasUnreach) for (let i = 0; i < MP_FIELDS; i++) this.unreach[i]!.present = false;
    this.hasReach = false;
    this.hasUnreach = false;
    this.#pathSound = undefined;
    this.#pathText = undefined;
    this.#communities = undefined;
  }

  #readReach(start: number, end: number): void {
    this.hasReach = true;
    const { bytes } = this;
    // RFC 6396 section 4.3.4: the next hop and its length alone. A whole one begins with AFI 0x00…
    const short = start < end && bytes[start] !== 0;
    const afi = short ? 2 : (wordAt(bytes, start, end) >>> 16) & 0xffff;
    const safi = short ? 1 : start + 2 < end ? bytes[start + 2]! : 0;
    if (afi > MAX_AFI || safi > MAX_SAFI) return;
    const field = this.reach[short ? IPV6_UNICAST : mpIndex(afi, safi)]!;
    if (field.present) return;
    field.present = true;
    let at = short ? start : start + 3;
    field.nextHopLength = at < end ? bytes[at]! : 0;
    field.nextHopStart = at + 1;
    const known = field.nextHopLength === 4 || field.nextHopLength === 16 || field.nextHopLength === 32;
    at += 1 + (known ? field.nextHopLength : 0);
    if (!short) {
      let reserved = at < end ? bytes[at]! : 0;
      for (at++; reserved > 0 && at < end; reserved--) at += 1 + bytes[at]!;
    }
    field.nlriStart = short ? end : Math.min(at, end);
    field.nlriEnd = end;
  }

  #readUnreach(start: number, end: number): void {
    this.hasUnreach = true;
    const afi = (wordAt(this.bytes, start, end) >>> 16) & 0xffff;
    const safi = start + 2 < end ? this.bytes[start + 2]! : 0;
    if (afi > MAX_AFI || safi > MAX_SAFI) return;
    const field = this.unreach[mpIndex(afi, safi)]!;
    if (field.present) return;
    field.present = true;
    field.nlriStart = Math.min(start + 3, end);
    field.nlriEnd = end;
  }

  has(type: number): boolean {
    return this.#starts[type]! >= 0;
  }

  /** The types in the order they came. */
  get types(): readonly number[] {
    return this.#types;
  }

  flags(type: number): number {
    return this.#flags[type]!;
  }

  /** A view of the value; empty where the attribute is absent. */
  value(type: number): Uint8Array {
    return this.has(type) ? this.bytes.subarray(this.#starts[type]!, this.#ends[type]!) : EMPTY;
  }

  #word(type: number): number {
    return wordAt(this.bytes, this.#starts[type]!, this.#ends[type]!);
  }

  /** IGP, EGP, and INCOMPLETE for everything else. */
  get origin(): string {
    const at = this.#starts[ATTRIBUTE_TYPE.origin]!;
    return (at >= 0 && at < this.#ends[ATTRIBUTE_TYPE.origin]! && ORIGINS[this.bytes[at]!]) || 'INCOMPLETE';
  }

  /** 0 where it is absent. */
  get med(): number {
    return this.has(ATTRIBUTE_TYPE.med) ? this.#word(ATTRIBUTE_TYPE.med) : 0;
  }

  /** 0 where it is absent. */
  get localPref(): number {
    return this.has(ATTRIBUTE_TYPE.localPref) ? this.#word(ATTRIBUTE_TYPE.localPref) : 0;
  }

  /** NEXT_HOP as a word; 255.255.255.255 where it is absent. */
  get nextHop(): number {
    return this.has(ATTRIBUTE_TYPE.nextHop) ? this.#word(ATTRIBUTE_TYPE.nextHop) : 0xffffffff;
  }

  get atomicAggregate(): boolean {
    return this.has(ATTRIBUTE_TYPE.atomicAggregate);
  }

  /** AGGREGATOR, with AS4_AGGREGATOR where the AS number has not fitted (RFC 6793 section 4.2.3). */
  get aggregator(): { readonly asn: number; readonly address: number } | undefined {
    if (!this.has(ATTRIBUTE_TYPE.aggregator)) return undefined;
    const start = this.#starts[ATTRIBUTE_TYPE.aggregator]!;
    const end = this.#ends[ATTRIBUTE_TYPE.aggregator]!;
    const wide = this.#asnOctets === 4;
    const word = wordAt(this.bytes, start, end);
    const asn = wide ? word : word >>> 16;
    if (!wide && asn === AS_TRANS && this.has(ATTRIBUTE_TYPE.as4Aggregator)) {
      const from = this.#starts[ATTRIBUTE_TYPE.as4Aggregator]!;
      const to = this.#ends[ATTRIBUTE_TYPE.as4Aggregator]!;
      return { asn: wordAt(this.bytes, from, to), address: wordAt(this.bytes, from + 4, to) };
    }
    return { asn, address: wordAt(this.bytes, start + this.#asnOctets, end) };
  }

  /** Puts AS_PATH, merged and with 4-octet numbers, into #path. False where it is absent or contradicts its lengths. */
  #preparePath(): boolean {
    this.#pathSound ??= this.#findPath();
    return this.#pathSound;
  }

  #findPath(): boolean {
    if (!this.has(ATTRIBUTE_TYPE.asPath)) return false;
    const { bytes } = this;
    const start = this.#starts[ATTRIBUTE_TYPE.asPath]!;
    const end = this.#ends[ATTRIBUTE_TYPE.asPath]!;
    if (!isSoundPath(bytes, start, end, this.#asnOctets)) return false;
    this.#path = bytes;
    this.#pathStart = start;
    this.#pathEnd = end;
    if (this.#asnOctets === 4) return true;
    this.#path = widenPath(bytes, start, end);
    const as4Path = this.value(ATTRIBUTE_TYPE.as4Path);
    if (as4Path.length > 0 && isSoundPath(as4Path, 0, as4Path.length, 4)) this.#path = mergePaths(this.#path, as4Path);
    this.#pathStart = 0;
    this.#pathEnd = this.#path.length;
    return true;
  }

  get pathText(): string {
    if (this.#pathText === undefined) {
      const sound = this.#preparePath();
      if (sound) this.#pathText = pathText(this.#path, this.#pathStart, this.#pathEnd);
      else this.#pathText = this.has(ATTRIBUTE_TYPE.asPath) ? AS_PATH_ERROR : '';
    }
    return this.#pathText;
  }

  /** Empty where the path is empty, absent or damaged. */
  get originAsns(): readonly number[] {
    return this.#preparePath() ? originAsns(this.#path, this.#pathStart, this.#pathEnd) : [];
  }

  /** Whether there is a sound path that `test` holds for; its octets have 4-octet numbers. */
  testPath(test: (bytes: Uint8Array, start: number, end: number) => boolean): boolean {
    return this.#preparePath() && test(this.#path, this.#pathStart, this.#pathEnd);
  }

  /** The words of COMMUNITIES or of another attribute of words. */
  words(type: number): number[] {
    if (!this.has(type)) return [];
    const words: number[] = [];
    const end = this.#ends[type]!;
    for (let at = this.#starts[type]!; at + 4 <= end; at += 4) words.push(u32At(this.bytes, at));
    return words;
  }

  /** COMMUNITIES as bgpdump writes them: `65000:1 no-export`. */
  get communityText(): string {
    this.#communities ??= this.words(ATTRIBUTE_TYPE.communities).map(communityText).join(' ');
    return this.#communities;
  }

  /** LARGE_COMMUNITY: `65000:1:2 65000:3:4`. */
  get largeCommunityText(): string {
    const words = this.words(ATTRIBUTE_TYPE.largeCommunities);
    const texts: string[] = [];
    for (let i = 0; i + 3 <= words.length; i += 3) texts.push(`${words[i]}:${words[i + 1]}:${words[i + 2]}`);
    return texts.join(' ');
  }
}

const cursor = attributeCursor();

function communityText(word: number): string {
  if (word < NO_EXPORT) return `${word >>> 16}:${word & 0xffff}`;
  if (word === NO_EXPORT) return 'no-export';
  if (word === NO_ADVERTISE) return 'no-advertise';
  return word === NO_EXPORT_SUBCONFED ? 'local-AS' : `${word >>> 16}:${word & 0xffff}`;
}
