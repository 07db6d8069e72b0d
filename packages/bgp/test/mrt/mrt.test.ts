/** MRT files that BIRD, Quagga, OpenBGPD and route collectors wrote: nothing but the known oddities is faulty. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { MrtError, NotificationError } from '../../src/errors.js';
import { decodeMrtMessage } from '../../src/mrt/bgp4mp.js';
import { readMrt } from '../../src/mrt/read-mrt.js';
import type { MrtRecord } from '../../src/mrt/record.js';
import type { Fault } from '../../src/wire/attribute/faults.js';
import { CORPUS, FIXTURES, readOctets, withoutCorpus } from '../corpus/corpus.js';

function faultsOf(record: MrtRecord): readonly Fault[] {
  if (record.type === 'table-dump') return record.faults;
  if (record.type === 'rib') return record.entries.flatMap(({ faults }) => faults);
  if (record.type !== 'message') return [];
  const message = decodeMrtMessage(record);
  return message.type === 'update' ? message.faults : [];
}

/** How many records of each type there are, and what was wrong, with the number of times. */
function summarize(bytes: Uint8Array): { types: Record<string, number>; wrong: Record<string, number> } {
  const types: Record<string, number> = {};
  const wrong: Record<string, number> = {};
  const count = (into: Record<string, number>, key: string): void => {
    into[key] = (into[key] ?? 0) + 1;
  };
  for (const record of readMrt(bytes)) {
    count(types, record.type);
    try {
      for (const { action, reason } of faultsOf(record)) count(wrong, `${action}: ${reason}`);
    } catch (error) {
      if (!(error instanceof NotificationError)) throw error;
      count(wrong, `${error.errorCode}/${error.errorSubcode}`);
    }
  }
  return { types, wrong };
}

const missing = (count: number) => ({
  'treat-as-withdraw: ORIGIN is missing': count,
  'treat-as-withdraw: AS_PATH is missing': count,
});

const SAMPLES: Readonly<Record<string, { types: Record<string, number>; wrong: Record<string, number> }>> = {
  'bird-mrtdump_bgp': { types: { 'state-change': 12, message: 15 }, wrong: {} },
  // BIRD writes its own direct and static routes with attributes no route of a peer could have.
  'bird-mrtdump_rib': { types: { 'peer-index-table': 2, rib: 12 }, wrong: missing(6) },
  'bird6-mrtdump_bgp': { types: { 'state-change': 12, message: 15 }, wrong: {} },
  'bird6-mrtdump_rib': { types: { 'peer-index-table': 2, rib: 7 }, wrong: missing(4) },
  // Messages of an ADD-PATH session under a subtype that says there is no ADD-PATH.
  bird_bgp: { types: { 'state-change': 12, message: 17 }, wrong: { '3/10': 6 } },
  bird6_bgp: { types: { 'state-change': 12, message: 17 }, wrong: { '3/9': 6 } },
  openbgpd_bgp: { types: { 'state-change': 16, message: 71 }, wrong: {} },
  // TABLE_DUMP has AS numbers of two octets; this AGGREGATOR has one of four.
  openbgpd_rib_table: {
    types: { 'table-dump': 31 },
    wrong: { 'attribute-discard: AGGREGATOR has a wrong length': 1 },
  },
  // BGP4MP_ENTRY, deprecated by RFC 6396.
  'openbgpd_rib_table-mp': { types: { opaque: 31 }, wrong: {} },
  // The opaque ones are VPN routes.
  'openbgpd_rib_table-v2': { types: { 'peer-index-table': 1, rib: 21, opaque: 2 }, wrong: {} },
  quagga_bgp: { types: { 'state-change': 20, message: 47 }, wrong: {} },
  quagga_rib: { types: { 'peer-index-table': 1, rib: 6 }, wrong: {} },
};

const FIXTURE_SAMPLES = ['bird-mrtdump_bgp', 'bird6-mrtdump_rib', 'openbgpd_rib_table-v2', 'quagga_bgp', 'quagga_rib'];

t.test('samples of BGP daemons (in a clone alone: five of them)', (t) => {
  if (withoutCorpus) t.comment(`seven samples are left out: ${withoutCorpus}`);
  const folder = withoutCorpus ? join(FIXTURES, 'mrtparse') : join(CORPUS, 'mrtparse', 'samples');
  for (const name of withoutCorpus ? FIXTURE_SAMPLES : Object.keys(SAMPLES)) {
    t.same(summarize(readOctets(join(folder, name))), SAMPLES[name], name);
  }
  t.end();
});

t.test('RIPE RIS updates of 2015 have no faults', { skip: withoutCorpus }, (t) => {
  const bytes = readOctets(join(CORPUS, 'bgpstream', 'ris.rrc06.updates.1427846400.gz'));
  t.same(summarize(bytes), { types: { message: 791, 'state-change': 4 }, wrong: {} });
  t.end();
});

t.test('an NLRI field that ends within a prefix is no route but 3/10', (t) => {
  const folder = join(FIXTURES, 'bgpdump', 'test_data');
  const bytes = readOctets(join(folder, 'updates.nlri_mask_trailing_bits.gz'));
  t.same(summarize(bytes), { types: { message: 1 }, wrong: { '3/10': 1 } });
  t.end();
});

t.test('a file cut anywhere ends in MrtError, or reads as a whole file', (t) => {
  const folder = join(FIXTURES, 'mrtparse');
  for (const name of readdirSync(folder).filter((name) => name.endsWith('_rib') || name.endsWith('-v2'))) {
    const bytes = readOctets(join(folder, name));
    let whole = 0;
    for (let end = 0; end < bytes.length; end++) {
      try {
        for (const record of readMrt(bytes.subarray(0, end))) faultsOf(record);
        whole++;
      } catch (error) {
        if (!(error instanceof MrtError)) throw error;
      }
    }
    const { types } = summarize(bytes);
    t.equal(
      whole,
      Object.values(types).reduce((sum, count) => sum + count, 0),
      `${name}: whole between records alone`,
    );
  }
  t.end();
});

t.test('a record whose inside is longer than it says is an MrtError with its offset', (t) => {
  const bytes = Uint8Array.from(readOctets(join(FIXTURES, 'mrtparse', 'quagga_rib')));
  bytes[12 + 4 + 1] = 0xff; // the length of the view's name
  try {
    for (const _ of readMrt(bytes));
    t.fail('it was read');
  } catch (error) {
    t.type(error, MrtError);
    t.match(error, { code: 'ERR_BGP_MRT', offset: 0 });
  }
  t.end();
});
