/** `tortie mrt info`: what MRT files hold. */

import { MrtSummary, type MrtSummaryView, mrtTimeText, walkMrt } from '@tortie/bgp/mrt';
import { mrtOctets } from '@tortie/bgp/mrt/node';
import { counted } from '@tortie/ip';
import type { Context } from '../context.js';
import { type Column, fields } from '../output/table.js';
import { DamageReport } from './damage.js';

interface FileInfo extends MrtSummaryView {
  readonly file: string;
  /** Without compression. */
  readonly octets: number;
  readonly damaged: number;
  readonly skippedOctets: number;
}

type PeerRow = MrtSummaryView['peers'][number];

const RECORD_COLUMNS: readonly Column<MrtSummaryView['records'][number]>[] = [
  { title: 'RECORDS', value: ({ type }) => type },
  { title: 'COUNT', value: ({ count }) => count, right: true },
];

const PEER_COLUMNS: readonly Column<PeerRow>[] = [
  { title: 'PEER', value: ({ address }) => address },
  { title: 'ASN', value: ({ asn }) => asn, right: true },
  { title: 'RIB', value: ({ rib }) => rib, right: true },
  { title: 'ANNOUNCED', value: ({ announce }) => announce, right: true },
  { title: 'WITHDRAWN', value: ({ withdraw }) => withdraw, right: true },
  { title: 'STATES', value: ({ state }) => state, right: true },
];

export async function showMrtInfo(context: Context, files: readonly string[]): Promise<void> {
  const damage = new DamageReport(context);
  const infos: FileInfo[] = [];
  for (const file of files) {
    const before = damage.total;
    const summary = new MrtSummary();
    const walk = await walkMrt(mrtOctets(file), (frame) => summary.add(frame), { damaged: damage.of(file) });
    const info: FileInfo = {
      file,
      octets: walk.octets,
      ...summary.view(),
      damaged: damage.total - before,
      skippedOctets: walk.skippedOctets,
    };
    if (context.json) infos.push(info);
    else context.line(...(files[0] === file ? [] : ['']), ...text(context, info));
  }
  if (context.json) context.line(JSON.stringify({ files: infos }, undefined, 2));
  damage.finish();
}

function text(context: Context, info: FileInfo): string[] {
  const { records, prefixes, routes, peers, fromS, toS } = info;
  const total = records.reduce((sum, { count }) => sum + count, 0);
  const { announce, withdraw, state, rib } = routes;
  const updates = `${announce} announced, ${withdraw} withdrawn, ${counted(state, 'change')} of state`;
  return [
    ...fields([
      ['file', info.file],
      ['octets', `${info.octets} (uncompressed)`],
      ['time', fromS === undefined ? undefined : `${mrtTimeText(fromS)} to ${mrtTimeText(toS!)} UTC`],
      [
        'table',
        rib > 0
          ? `${counted(rib, 'route')}, ${prefixes.ipv4} IPv4 and ${counted(prefixes.ipv6, 'IPv6 prefix', 'IPv6 prefixes')}`
          : undefined,
      ],
      ['updates', announce + withdraw + state > 0 ? updates : undefined],
      ['damaged', info.damaged > 0 ? `${info.damaged} records, ${info.skippedOctets} octets passed over` : undefined],
    ]),
    '',
    ...context.table(RECORD_COLUMNS, [...records, { type: 'all', count: total }]),
    ...(peers.length > 0 ? ['', ...context.table(PEER_COLUMNS, peers)] : []),
  ];
}
