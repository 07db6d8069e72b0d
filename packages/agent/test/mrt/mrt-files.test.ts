/** MRT files of a running speaker with routes: what is in them by bgpdump, what old ones become, what a bad disk does. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { encodeMessage, wireContext } from '@tortie/bgp';
import { type MrtRecord, readMrt } from '@tortie/bgp/mrt';
import { runSpeaker } from '@tortie/bgp/node';
import { parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { Journal } from '../../node/journal.js';
import { TableDumps } from '../../node/mrt/table-dumps.js';
import { UpdateLog } from '../../node/mrt/update-log.js';
import { createLog } from '../../node/process/log.js';
import { FakeSpeaker } from '../fake-speaker.js';
import { until } from '../until.js';

const withoutBgpdump = spawnSync('bgpdump', ['-T']).error ? 'bgpdump is not installed' : false;
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tortie-agent-mrt-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};
const journal = new Journal(createLog('silent', 'n1'));
const recordsOf = (file: string): MrtRecord[] => {
  const octets = readFileSync(file);
  return [...readMrt(file.endsWith('.gz') ? gunzipSync(octets) : octets)];
};

/** Two speakers with a session: `collector` has the routes of `source`. */
async function network(routes: number) {
  const [here, there] = ['127.0.0.1', '127.0.0.9'].map((text) => parseAddress(text)) as [never, never];
  const collector = await runSpeaker({ asn: 65001, routerId: 1, listen: [{ address: here, port: 0 }] });
  const source = await runSpeaker({ asn: 4200000001, routerId: 2, listen: [] });
  t.teardown(() => Promise.all([collector.close(), source.close()]));
  for (let i = 0; i < routes; i++) {
    source.originate(parsePrefix(`10.${i >>> 8}.${i & 255}.0/24`), {
      med: i % 7,
      communities: [65000 * 65536 + (i % 5)],
    });
  }
  source.originate(parsePrefix('2001:db8:7::/48'), { largeCommunities: [[1, 2, 3]] });
  collector.originate(parsePrefix('192.0.2.0/24'));
  const connect = (): void => {
    collector.addPeer({ name: 'source', remoteAddress: there, remoteAsn: 4200000001, passive: true });
    source.addPeer({
      name: 'collector',
      remoteAddress: here,
      remotePort: collector.listening[0]!.port,
      localAddress: there,
      remoteAsn: 65001,
      connectRetryS: 1,
      localNextHops: [parseAddress('2001:db8::9')],
    });
  };
  const arrived = () =>
    until(
      'the routes',
      async () => collector.counters().families.reduce((sum, each) => sum + each.routes, 0) === routes + 2,
    );
  return { collector, source, connect, arrived };
}

const dumpConfig = (directory: string) =>
  ({ directory, intervalS: 0, file: 'rib.%Y%m%d.%H%M%S.mrt', gzip: true, routes: 'received', keep: 3 }) as const;

t.test('a dump has every route of every peer, as bgpdump reads it', async (t) => {
  const { collector, connect, arrived } = await network(3000);
  connect();
  await arrived();
  const directory = join(newFolder(), 'made');
  const dumps = new TableDumps({ config: dumpConfig(directory), node: 'n1', speaker: collector, journal });
  t.teardown(() => dumps.close());
  const dump = await dumps.dump();
  t.match(dump, { prefixes: 3002, routes: 3002, octets: Number, file: /rib\.\d{8}\.\d{6}\.mrt\.gz$/ });
  t.same(readdirSync(directory), [dump.file.slice(directory.length + 1)], 'nothing else is left there');
  t.match(dumps.status(), { done: 1, failed: 0, running: false, last: dump });
  const [index, ...ribs] = recordsOf(dump.file);
  t.match(index, {
    type: 'peer-index-table',
    collectorId: 1,
    viewName: 'n1',
    peers: [{ asn: 65001 }, { asn: 4200000001 }],
  });
  t.equal(ribs.length, 3002);
  const faulty = ribs.filter(
    (record) => record.type !== 'rib' || record.entries.some(({ faults }) => faults.length > 0),
  );
  t.equal(faulty.length, 1, 'all are sound but ours, whose next hop is that of each session');
  if (withoutBgpdump) {
    t.pass('not read by bgpdump', { skip: withoutBgpdump });
    return;
  }
  const { stdout } = spawnSync('bgpdump', ['-q', '-m', dump.file], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|').slice(3).join('|'))
    .sort();
  const expected = Array.from(
    { length: 3000 },
    (_, i) =>
      `127.0.0.9|4200000001|10.${i >>> 8}.${i & 255}.0/24|4200000001|IGP|127.0.0.9|0|${i % 7}|65000:${i % 5}|NAG||`,
  );
  expected.push('127.0.0.9|4200000001|2001:db8:7::/48|4200000001|IGP|2001:db8::9|0|0||NAG||');
  expected.push('0.0.0.0|65001|192.0.2.0/24||IGP|0.0.0.0|0|0||NAG||');
  t.same(lines, expected.sort());
});

t.test('the loop is not held while a dump is written, and routes may come and go', async (t) => {
  const { collector, source, connect, arrived } = await network(20_000);
  connect();
  await arrived();
  const directory = newFolder();
  const dumps = new TableDumps({
    config: { ...dumpConfig(directory), gzip: false },
    node: 'n1',
    speaker: collector,
    journal,
  });
  t.teardown(() => dumps.close());
  let turns = 0;
  let running = true;
  const turn = (): void => {
    turns++;
    if (turns === 2) source.withdraw(parsePrefix('10.0.0.0/24'));
    if (running) setImmediate(turn);
  };
  turn();
  const dumping = dumps.dump();
  await t.rejects(dumps.dump(), { code: 'ERR_AGENT_SESSION', message: /under way already/ }, 'one at a time');
  const dump = await dumping;
  running = false;
  t.ok(turns > 3, `${turns} turns of the event loop meanwhile`);
  t.ok(dump.routes >= 20_001 && dump.routes <= 20_002, `${dump.routes} routes`);
  t.equal(recordsOf(dump.file).length, dump.prefixes + 1, 'the file is whole');
});

t.test('old dumps go, other files stay; a directory that cannot be is told', async (t) => {
  const { collector } = await network(1);
  const directory = newFolder();
  const names = ['rib.20200101.000000.mrt.gz', 'rib.20200102.000000.mrt.gz', 'rib.20200103.000000.mrt.gz', 'other.mrt'];
  for (const [index, name] of names.entries()) {
    writeFileSync(join(directory, name), '');
    utimesSync(join(directory, name), 1_577_836_800 + index * 86_400, 1_577_836_800 + index * 86_400);
  }
  const dumps = new TableDumps({ config: dumpConfig(directory), node: 'n1', speaker: collector, journal });
  t.teardown(() => dumps.close());
  const { file } = await dumps.dump();
  t.same(readdirSync(directory).sort(), ['other.mrt', names[1], names[2], file.slice(directory.length + 1)].sort());
  const blocked = new TableDumps({
    config: dumpConfig(join(directory, 'other.mrt', 'x')),
    node: 'n1',
    speaker: collector,
    journal,
  });
  await t.rejects(blocked.dump(), { code: 'ERR_AGENT_UNAVAILABLE', message: /could not be written: / });
  t.match(blocked.status(), { done: 0, failed: 1, error: String });
  t.match(journal.events.read({ kind: 'mrt' }).events.at(-1), { text: 'a table dump failed', cause: String });
});

const updateConfig = (directory: string) =>
  ({
    directory,
    rotateS: 900,
    file: 'updates.%Y%m%d.%H%M.mrt',
    gzip: false,
    keepalives: false,
    keep: 0,
    queueMiB: 1,
  }) as const;

t.test('a log has the changes of state and the messages of a session', async (t) => {
  const { collector, connect, arrived } = await network(50);
  const directory = newFolder();
  const log = new UpdateLog({ config: { ...updateConfig(directory), gzip: true }, speaker: collector, journal });
  connect();
  await arrived();
  await collector.close();
  await log.close();
  const [name, ...others] = readdirSync(directory);
  t.match(name, /^updates\.\d{8}\.\d{4}\.mrt\.gz$/);
  t.same(others, []);
  const file = join(directory, name!);
  const records = recordsOf(file);
  const states = records.flatMap((record) => (record.type === 'state-change' ? [record.newState] : []));
  t.ok(states.includes(6), 'Established');
  t.equal(states.at(-1), 1, 'and Idle at the end');
  const messages = records.filter((record) => record.type === 'message');
  t.match(messages[0], { peerAsn: 4200000001, localAsn: 65001, peerAddress: parseAddress('127.0.0.9') });
  t.equal(messages[0]?.type === 'message' && messages[0].message[18], 1, 'the OPEN comes first');
  t.notOk(
    messages.some((record) => record.type === 'message' && record.message[18] === 4),
    'no KEEPALIVE',
  );
  t.equal(log.status().records, records.length);
  t.equal(log.status().dropped, 0);
  if (withoutBgpdump) {
    t.pass('not read by bgpdump', { skip: withoutBgpdump });
    return;
  }
  const { stdout } = spawnSync('bgpdump', ['-q', '-m', file], { encoding: 'utf8' });
  t.equal(stdout.match(/^BGP4MP\|\d+\|A\|127\.0\.0\.9\|4200000001\|10\./gm)?.length, 50);
  t.match(stdout, /\|A\|127\.0\.0\.9\|4200000001\|2001:db8:7::\/48\|4200000001\|IGP\|2001:db8::9\|/);
});

/** A log that is fed by hand, with a clock of its own. */
function fed(directory: string, over: Partial<ReturnType<typeof updateConfig>> & { peers?: string[] } = {}) {
  const speaker = new FakeSpeaker();
  const clock = { ms: Date.UTC(2026, 0, 31, 12, 1) };
  let face!: Awaited<ReturnType<typeof speaker.start>>;
  const ready = speaker.start({ asn: 65001, routerId: 1, listen: [] }).then((started) => {
    face = started;
    return new UpdateLog({
      config: { ...updateConfig(directory), ...over },
      speaker: started,
      journal,
      now: () => clock.ms,
    });
  });
  const octets = encodeMessage(
    { type: 'update', withdrawn: [{ prefix: parsePrefix('10.0.0.0/24') }], nlri: [], attributes: {}, faults: [] },
    wireContext(),
  );
  const say = (peer = 'p1', size = octets.length): void =>
    speaker.tap!({
      peer,
      peerAddress: parseAddress('10.0.0.2'),
      peerAsn: 65002,
      localAsn: 65001,
      localAddress: undefined,
      type: 2,
      octets: size === octets.length ? octets : new Uint8Array(size),
      receive: wireContext(),
    });
  return { ready, clock, say, face: () => face, speaker };
}

t.test('files change with the time, are never written onto another, and only chosen peers are in them', async (t) => {
  const directory = newFolder();
  writeFileSync(join(directory, 'updates.20260131.1200.mrt'), 'of a run before');
  const { ready, clock, say, speaker } = fed(directory, { peers: ['p1'] });
  const log = await ready;
  say();
  say('p2');
  clock.ms = Date.UTC(2026, 0, 31, 12, 15);
  say();
  say();
  await log.close();
  t.equal(speaker.tap, undefined, 'nobody listens any more');
  t.same(readdirSync(directory).sort(), [
    'updates.20260131.1200-2.mrt',
    'updates.20260131.1200.mrt',
    'updates.20260131.1215.mrt',
  ]);
  t.equal(readFileSync(join(directory, 'updates.20260131.1200.mrt'), 'utf8'), 'of a run before');
  t.match(recordsOf(join(directory, 'updates.20260131.1200-2.mrt')), [{ type: 'message', timestampS: 1769860860 }]);
  t.equal(recordsOf(join(directory, 'updates.20260131.1215.mrt')).length, 2);
});

t.test('a disk that takes nothing costs bounded memory, and what is lost is counted', async (t) => {
  const directory = newFolder();
  const file = join(directory, 'file');
  writeFileSync(file, '');
  const { ready, clock, say } = fed(join(file, 'x'));
  const log = await ready;
  for (let i = 0; i < 3000; i++) say('p1', 1000);
  t.ok(log.status().queuedOctets <= 1024 * 1024, `${log.status().queuedOctets} octets wait`);
  const { records, dropped } = log.status();
  t.equal(records + dropped, 3000, 'each is taken or counted as lost');
  t.ok(dropped > 1900);
  await until('the failure', async () => log.status().error !== undefined);
  t.match(log.status().error, /ENOTDIR|EEXIST/);
  t.match(journal.events.read({ kind: 'mrt' }).events.at(-1), { text: /update log cannot be written/ });
  // The disk is there again.
  rmSync(file);
  clock.ms += 60_000;
  say();
  await until('the log', async () => log.status().error === undefined && log.status().queuedOctets === 0);
  await log.close();
  const [name] = readdirSync(join(file, 'x'));
  t.ok(statSync(join(file, 'x', name!)).size > 0, 'it goes on');
});
