/**
 * Turns a batch of changed prefixes into UPDATEs: buckets by attributes and source, each written as few full messages,
 * withdrawals first. Buckets are linked lists in typed arrays that are reused from batch to batch (bench `pipeline`).
 *
 * Buckets are gathered by channel, that is by who reads them: everyone, everyone but the source, or one peer alone. The
 * messages of a channel lie together, so a batch costs a member as many writes as there are channels.
 */
import type { AttributeTable } from '../rib/attribute-table.js';
import type { NlriTable } from '../rib/nlri-table.js';
import type { AttributeExport } from './export-attributes.js';
import { closeMp, LONGEST_NLRI, type MessageWriter, NlriRun, openMpReach, openMpUnreach } from './message-writer.js';
import type { Outlet } from './outlet.js';
import type { Treatment } from './treatment.js';

/** Header, two length fields, and an MP attribute up to its NLRI with two IPv6 next hops. */
const FIXED_OCTETS = 23 + 9 + 32;

export class Packer {
  readonly #writer: MessageWriter;
  readonly #attributes: AttributeTable;
  readonly #export: AttributeExport;
  readonly #run = new NlriRun();
  #scratch = new Uint8Array(4096);
  /** Entries: prefix, and the next entry of the same bucket. */
  #prefix = new Int32Array(1024);
  #link = new Int32Array(1024);
  #entries = 0;
  /** Buckets: attributes (0 for withdrawals), source, ends of the list, next bucket of the channel, next of the same id. */
  #id = new Int32Array(256);
  #peer = new Int32Array(256);
  #first = new Int32Array(256);
  #last = new Int32Array(256);
  #inChannel = new Int32Array(256);
  #sameId = new Int32Array(256);
  #buckets = 0;
  /** Channels: reader rule, withdrawal bucket, ends of the list of announcing buckets. */
  #skip = new Int32Array(16);
  #only = new Int32Array(16);
  #withdrawals = new Int32Array(16);
  #firstBucket = new Int32Array(16);
  #lastBucket = new Int32Array(16);
  #channels = 0;
  /** By attribute id: the newest bucket of this batch, offset by the batch's stamp so that nothing must be cleared. */
  #bucketOf = new Int32Array(1024);
  #stamp = 1;

  constructor(writer: MessageWriter, attributes: AttributeTable, exporter: AttributeExport) {
    this.#writer = writer;
    this.#attributes = attributes;
    this.#export = exporter;
  }

  get size(): number {
    return this.#entries;
  }

  /** Whether the attributes leave room for a prefix in a message of the treatment. */
  fits(treatment: Treatment, id: number, peer: number): boolean {
    if (this.#export.bound(treatment, id) + FIXED_OCTETS + LONGEST_NLRI <= treatment.maxOctets) return true;
    const end = this.#writeScratch(treatment, id, peer);
    return end + FIXED_OCTETS + LONGEST_NLRI <= treatment.maxOctets;
  }

  announce(prefix: number, id: number, peer: number, skipsSource: boolean): void {
    let bucket = -1;
    if (id >= this.#bucketOf.length) {
      this.#bucketOf = grown(this.#bucketOf, Math.max(id + 1, this.#attributes.rows.limit));
    }
    const newest = this.#bucketOf[id]! - this.#stamp;
    for (bucket = newest; bucket >= 0; bucket = this.#sameId[bucket]!) {
      if (this.#peer[bucket] === peer) break;
    }
    if (bucket < 0) {
      bucket = this.#newBucket(id, peer);
      this.#sameId[bucket] = newest < 0 ? -1 : newest;
      this.#bucketOf[id] = this.#stamp + bucket;
      const channel = this.#channel(skipsSource ? peer : -1, -1);
      const last = this.#lastBucket[channel]!;
      if (last < 0) this.#firstBucket[channel] = bucket;
      else this.#inChannel[last] = bucket;
      this.#lastBucket[channel] = bucket;
    }
    this.#add(bucket, prefix);
  }

  /** `skip` passes over the withdrawal, or `only` alone gets it; -1 for nobody in particular. */
  withdraw(prefix: number, skip: number, only: number): void {
    const channel = this.#channel(skip, only);
    let bucket = this.#withdrawals[channel]!;
    if (bucket < 0) {
      bucket = this.#newBucket(0, 0);
      this.#withdrawals[channel] = bucket;
    }
    this.#add(bucket, prefix);
  }

  #newBucket(id: number, peer: number): number {
    const bucket = this.#buckets++;
    if (bucket === this.#id.length) {
      const size = bucket * 2;
      this.#id = grown(this.#id, size);
      this.#peer = grown(this.#peer, size);
      this.#first = grown(this.#first, size);
      this.#last = grown(this.#last, size);
      this.#inChannel = grown(this.#inChannel, size);
      this.#sameId = grown(this.#sameId, size);
    }
    this.#id[bucket] = id;
    this.#peer[bucket] = peer;
    this.#first[bucket] = -1;
    this.#inChannel[bucket] = -1;
    return bucket;
  }

  #add(bucket: number, prefix: number): void {
    const entry = this.#entries++;
    if (entry === this.#prefix.length) {
      this.#prefix = grown(this.#prefix, entry * 2);
      this.#link = grown(this.#link, entry * 2);
    }
    this.#prefix[entry] = prefix;
    this.#link[entry] = -1;
    if (this.#first[bucket]! < 0) this.#first[bucket] = entry;
    else this.#link[this.#last[bucket]!] = entry;
    this.#last[bucket] = entry;
  }

  /** The channel's number. Newest first: a batch mostly has one, seldom more than a few. */
  #channel(skip: number, only: number): number {
    for (let channel = this.#channels - 1; channel >= 0; channel--) {
      if (this.#skip[channel] === skip && this.#only[channel] === only) return channel;
    }
    const channel = this.#channels++;
    if (channel === this.#skip.length) {
      const size = channel * 2;
      this.#skip = grown(this.#skip, size);
      this.#only = grown(this.#only, size);
      this.#withdrawals = grown(this.#withdrawals, size);
      this.#firstBucket = grown(this.#firstBucket, size);
      this.#lastBucket = grown(this.#lastBucket, size);
    }
    this.#skip[channel] = skip;
    this.#only[channel] = only;
    this.#withdrawals[channel] = -1;
    this.#firstBucket[channel] = -1;
    this.#lastBucket[channel] = -1;
    return channel;
  }

  /** Writes the batch and hands the runs of messages to the outlet; the packer is empty afterwards. */
  flush(treatment: Treatment, table: NlriTable, outlet: Outlet): void {
    for (let channel = 0; channel < this.#channels; channel++) {
      const skip = this.#skip[channel]!;
      const only = this.#only[channel]!;
      if (!outlet.hasReader(skip, only)) continue;
      const withdrawals = this.#withdrawals[channel]!;
      if (withdrawals >= 0) this.#writeWithdrawals(treatment, table, this.#first[withdrawals]!, outlet, skip, only);
      for (let bucket = this.#firstBucket[channel]!; bucket >= 0; bucket = this.#inChannel[bucket]!) {
        this.#writeBucket(treatment, table, bucket, outlet, skip, only);
      }
      const run = this.#writer.cut();
      if (run) outlet.emit(run, skip, only);
    }
    this.#stamp += this.#buckets;
    if (this.#stamp > 0x3fffffff) {
      this.#stamp = 1;
      this.#bucketOf.fill(0);
    }
    this.#entries = 0;
    this.#buckets = 0;
    this.#channels = 0;
  }

  /** Makes sure that a message of at least `octets` fits and gives the offset it must not pass. */
  #reserve(octets: number, max: number, outlet: Outlet, skip: number, only: number): number {
    const writer = this.#writer;
    if (!writer.hasRoom(Math.max(octets, Math.min(max, 4096)))) {
      const run = writer.cut();
      if (run) outlet.emit(run, skip, only);
      writer.renew(max);
    }
    return Math.min(writer.at + max, writer.chunk.length);
  }

  #writeWithdrawals(
    treatment: Treatment,
    table: NlriTable,
    first: number,
    outlet: Outlet,
    skip: number,
    only: number,
  ): void {
    const writer = this.#writer;
    const run = this.#run;
    const { family, maxOctets } = treatment;
    for (let entry = first; entry >= 0; entry = run.next) {
      const limit = this.#reserve(FIXED_OCTETS + LONGEST_NLRI, maxOctets, outlet, skip, only);
      const { chunk } = writer;
      const body = writer.open();
      if (family.index === 0) {
        run.write(table, this.#prefix, this.#link, entry, chunk, body + 2, limit - 2);
        putLength(chunk, body, run.at - body - 2);
        putLength(chunk, run.at, 0);
        writer.close(run.at + 2);
      } else {
        const nlri = openMpUnreach(family, chunk, body + 4);
        run.write(table, this.#prefix, this.#link, entry, chunk, nlri, limit);
        closeMp(chunk, body + 4, run.at);
        putLength(chunk, body, 0);
        putLength(chunk, body + 2, run.at - body - 4);
        writer.close(run.at);
      }
    }
  }

  #writeBucket(
    treatment: Treatment,
    table: NlriTable,
    bucket: number,
    outlet: Outlet,
    skip: number,
    only: number,
  ): void {
    const id = this.#id[bucket]!;
    const peer = this.#peer[bucket]!;
    const nextHop = treatment.nextHop(peer, id)!;
    if (treatment.family.index === 0 && nextHop.version === 4) {
      this.#writeNlri(treatment, table, bucket, outlet, skip, only);
      return;
    }
    const { family, maxOctets } = treatment;
    const writer = this.#writer;
    const run = this.#run;
    const others = this.#writeScratch(treatment, id, peer);
    const least = others + FIXED_OCTETS + LONGEST_NLRI;
    for (let entry = this.#first[bucket]!; entry >= 0; entry = run.next) {
      const limit = this.#reserve(least, maxOctets, outlet, skip, only);
      const { chunk } = writer;
      const body = writer.open();
      const nlri = openMpReach(family, nextHop, treatment.linkLocal(nextHop), chunk, body + 4);
      run.write(table, this.#prefix, this.#link, entry, chunk, nlri, limit - others);
      closeMp(chunk, body + 4, run.at);
      let at = run.at;
      for (let i = 0; i < others; i++) chunk[at++] = this.#scratch[i]!;
      putLength(chunk, body, 0);
      putLength(chunk, body + 2, at - body - 4);
      writer.close(at);
    }
  }

  #writeNlri(treatment: Treatment, table: NlriTable, bucket: number, outlet: Outlet, skip: number, only: number): void {
    const id = this.#id[bucket]!;
    const peer = this.#peer[bucket]!;
    const nextHop = treatment.nextHop(peer, id)!;
    const writer = this.#writer;
    const run = this.#run;
    const least = this.#export.bound(treatment, id) + FIXED_OCTETS + LONGEST_NLRI;
    for (let entry = this.#first[bucket]!; entry >= 0; entry = run.next) {
      const limit = this.#reserve(least, treatment.maxOctets, outlet, skip, only);
      const { chunk } = writer;
      const body = writer.open();
      const nlri = this.#export.write(treatment, id, peer, nextHop, chunk, body + 4);
      putLength(chunk, body, 0);
      putLength(chunk, body + 2, nlri - body - 4);
      run.write(table, this.#prefix, this.#link, entry, chunk, nlri, limit);
      writer.close(run.at);
    }
  }

  /** Writes the attributes beside MP_REACH_NLRI into the scratch and gives their length. */
  #writeScratch(treatment: Treatment, id: number, peer: number): number {
    const bound = this.#export.bound(treatment, id);
    if (bound > this.#scratch.length) this.#scratch = new Uint8Array(bound * 2);
    return this.#export.write(treatment, id, peer, treatment.nextHop(peer, id)!, this.#scratch, 0);
  }
}

function grown(from: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(Math.max(size, from.length * 2));
  to.set(from);
  return to;
}

function putLength(target: Uint8Array, at: number, length: number): void {
  target[at] = length >>> 8;
  target[at + 1] = length;
}
