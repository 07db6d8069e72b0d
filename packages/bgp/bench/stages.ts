/**
 * What each stage of a full table takes in compiled code, by leaving stages out: the bound of what another thread could take
 * off this one. `parse` frames and scans UPDATEs and hashes attributes and prefixes; `tables` is all but the encoding, as
 * nobody listens; `whole` has a receiver. Medians.
 *     node packages/bgp/dist/bench/stages.js [routes=500000] [version=4] [rounds=8]
 */
import { ipv4 } from '@tortie/ip';
import { readKey } from '../src/rib/prefix-key.js';
import type { PrefixKey } from '../src/rib/prefix-table.js';
import { Rib } from '../src/rib/rib.js';
import { SeededHash } from '../src/rib/seeded-hash.js';
import { wireContext } from '../src/wire/context.js';
import { Framer } from '../src/wire/framer.js';
import { countNlri } from '../src/wire/nlri.js';
import { scanUpdate, updateScan } from '../src/wire/update-scan.js';
import { makeTable } from './table-worker.js';

const [routes = 500_000, version = 4, rounds = 8] = process.argv.slice(2).map(Number);
/** What a socket gives at once. */
const CHUNK = 65536;

const context = wireContext({ localAsn: 65000 });
const { bytes } = await makeTable('table', { routes, version: version as 4 | 6 });

function* chunks(): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

function parse(): number {
  const framer = new Framer();
  const scan = updateScan();
  const hash = new SeededHash(1);
  const key: PrefixKey = { a: 0, b: 0, c: 0, d: 0, length: 0 };
  let sum = 0;
  for (const chunk of chunks()) {
    framer.push(chunk);
    for (let frame = framer.next(); frame; frame = framer.next()) {
      scanUpdate(frame.bytes, frame.start, frame.end, context, scan);
      const { nlriStart, nlriEnd } = version === 4 ? scan : scan.mpReach;
      sum += countNlri(frame.bytes, nlriStart, nlriEnd, version as 4 | 6, false);
      sum += hash.octets(frame.bytes, scan.attributesStart, scan.attributesEnd, 0) & 1;
      for (let at = nlriStart; at < nlriEnd; ) {
        at = readKey(frame.bytes, at, version as 4 | 6, key);
        sum += (version === 4 ? hash.word(key.a, key.length) : hash.words(key.a, key.b, key.c, key.d, key.length)) & 1;
      }
    }
  }
  return sum;
}

function pass(receivers: number): number {
  const rib = new Rib({ asn: 65000, routerId: 1, hashSeed: 0x5eed });
  const framer = new Framer();
  for (let host = 0; host <= receivers; host++) {
    const peer = rib.addPeer({ name: `${host}`, address: ipv4(host) });
    rib.sessionUp(peer, {
      routerId: 2 + host,
      asn: 65001 + host,
      type: 'ebgp',
      client: false,
      receive: context,
      send: context,
      ownNextHops: { ipv4: ipv4(0x7f000001), ipv6: { version: 6, a: 1, b: 0, c: 0, d: 1 } },
      nextHopMode: 'auto',
    });
  }
  let octets = 0;
  for (const chunk of chunks()) {
    framer.push(chunk);
    for (let frame = framer.next(); frame; frame = framer.next()) {
      rib.receiveUpdate(1, frame.bytes, frame.start, frame.end);
    }
    for (let more = true; more; ) {
      more = rib.work(512);
      for (let peer = 1; peer <= 1 + receivers; peer++) {
        for (let runs = rib.take(peer, CHUNK); runs.length > 0; runs = rib.take(peer, CHUNK)) {
          for (const run of runs) octets += run.length;
        }
      }
    }
  }
  return octets;
}

const STAGES = { parse, tables: () => pass(0), whole: () => pass(1) };
const times = new Map<string, number[]>();
for (let round = 0; round < rounds; round++) {
  for (const [name, stage] of Object.entries(STAGES)) {
    const before = performance.now();
    stage();
    const ms = performance.now() - before;
    // The first two have the compiler at work beside them.
    if (round > 1) times.set(name, [...(times.get(name) ?? []), ms]);
  }
}
for (const [name, list] of times) {
  const median = list.toSorted((x, y) => x - y)[list.length >> 1]!;
  console.log(
    `${name.padEnd(8)} ${median.toFixed(0).padStart(5)} ms, ${((median * 1e6) / routes).toFixed(0)} ns/route`,
  );
}
