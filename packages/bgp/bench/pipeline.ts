/**
 * The whole way of a route through the engine without sockets: parse, intern, insert, select, pack, drain.
 *     node packages/bgp/dist/bench/pipeline.js [routes=500000] [members=1] [version=4] [ibgp]
 */

import { ipv4 } from '@tortie/ip';
import { Rib } from '../src/rib/rib.js';
import type { RibSession } from '../src/rib/rib-session.js';
import { wireContext } from '../src/wire/context.js';
import type { Table } from './generated-table.js';
import { makeTable } from './table-worker.js';

const [routes = 500_000, members = 1, version = 4] = process.argv.slice(2, 5).map(Number);
const ibgp = process.argv[5] === 'ibgp';

function session(index: number): RibSession {
  const context = wireContext({ peerType: ibgp ? 'ibgp' : 'ebgp', localAsn: 65000 });
  return {
    routerId: 0x0a000000 + index,
    asn: ibgp ? 65000 : index === 1 ? 65001 : 65101 + index,
    type: ibgp ? 'ibgp' : 'ebgp',
    client: ibgp,
    receive: context,
    send: context,
    ownNextHops: { ipv4: ipv4(0x7f000001) },
    nextHopMode: 'auto',
  };
}

const rib = new Rib({ asn: 65000, routerId: 0x0a0000fe, hashSeed: 0x5eed });
const ready: number[] = [];
rib.onOutput = (peer) => void ready.push(peer);
const sender = rib.addPeer({ name: 'sender', address: ipv4(0x7f000101) });
rib.sessionUp(sender, session(sender));
for (let i = 0; i < members; i++) {
  const peer = rib.addPeer({ name: `receiver ${i}`, address: ipv4(0x7f000201 + i) });
  rib.sessionUp(peer, session(peer));
}
let octets = 0;
let longest = 0;

function drain(): void {
  for (let more = true; more; ) {
    const before = performance.now();
    more = rib.work(2000);
    longest = Math.max(longest, performance.now() - before);
    for (const peer of ready.splice(0)) {
      for (let runs = rib.take(peer, 65536); runs.length > 0; runs = rib.take(peer, 65536)) {
        for (const run of runs) octets += run.length;
      }
    }
  }
}

/** Feeds a table as a socket would, 64 KiB of messages at a time. */
function feed(name: string, { bytes, updates, routes: count }: Table): void {
  octets = 0;
  longest = 0;
  const begin = performance.now();
  const cpu = process.cpuUsage();
  for (let at = 0; at < bytes.length; ) {
    for (const end = at + 65536; at < end && at < bytes.length; ) {
      const length = (bytes[at + 16]! << 8) | bytes[at + 17]!;
      rib.receiveUpdate(sender, bytes, at + 19, at + length);
      at += length;
    }
    drain();
  }
  const ms = performance.now() - begin;
  const used = process.cpuUsage(cpu);
  console.log(
    `${name.padEnd(10)} ${ms.toFixed(0).padStart(6)} ms, cpu ${((used.user + used.system) / 1000).toFixed(0)} ms, ` +
      `${((ms * 1e6) / count).toFixed(0)} ns/route, ${updates} updates in, ${(octets / 1e6).toFixed(1)} MB out, ` +
      `longest work ${longest.toFixed(1)} ms, rss ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`,
  );
}

const options = { routes, version: version as 4 | 6, ibgp };
const announcement = await makeTable('table', options);
const churn = await makeTable('table', { ...options, round: 1, share: 0.1 });
const withdrawal = await makeTable('withdrawals', options);
drain();
feed('announce', announcement);
feed('churn', churn);
feed('withdraw', withdrawal);
feed('again', announcement);
console.log(JSON.stringify(rib.counters()));
