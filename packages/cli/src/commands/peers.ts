/** `tortie peers`: list, show, add, set, rm, reset. */

import type { DrainDone, Peer, PeerChange, PeerList, PeerReset, ResetDone } from '@tortie/agent/api';
import { counted } from '@tortie/ip';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';
import { since } from '../output/duration.js';
import type { Column } from '../output/table.js';
import { fields } from '../output/table.js';
import { fieldOfFlag, peerFields } from './peer-options.js';

type PeerSession = NonNullable<Peer['session']>;
type SessionFamily = PeerSession['families'][number];

type Options = Readonly<Record<string, unknown>>;

const path = (name: string): string => `/v1/peers/${encodeURIComponent(name)}`;

const sum = ({ session }: Peer, key: 'received' | 'advertised'): number | undefined =>
  session?.families.reduce((total, family) => total + family[key], 0);

const state = ({ spec, session }: Peer): string => (spec.adminDown ? 'down' : (session?.state ?? 'idle'));

/** Of a peer on an interface the one that was found there. */
const address = ({ spec, discovery }: Peer): string =>
  spec.interface === undefined ? (spec.remoteAddress ?? '') : `${discovery?.address ?? ''}%${spec.interface}`;

const COLUMNS: readonly Column<Peer>[] = [
  { title: 'PEER', value: ({ name }) => name },
  { title: 'ADDRESS', value: address },
  { title: 'ASN', value: ({ spec }) => spec.remoteAsn, right: true },
  { title: 'TYPE', value: ({ session }) => session?.type },
  { title: 'STATE', value: state, tone: (peer) => (state(peer) === 'established' ? 'good' : 'bad') },
  { title: 'SINCE', value: ({ session }) => (session ? since(session.since) : undefined), right: true },
  { title: 'IN', value: (peer) => sum(peer, 'received'), right: true },
  { title: 'OUT', value: (peer) => sum(peer, 'advertised'), right: true },
  {
    title: 'LAST CAUSE',
    value: (peer) => (state(peer) === 'established' ? undefined : lastCause(peer)),
  },
];

/** Without a neighbour nothing else matters. */
const lastCause = ({ error, discovery, session }: Peer): string | undefined =>
  error ??
  (discovery?.address === undefined ? discovery?.reason : undefined) ??
  ([session?.lastCause, session?.kernelDrops?.map(({ hint }) => `segments ${hint}`).join('; ')]
    .filter(Boolean)
    .join('; ') ||
    undefined);

export async function listPeers(context: Context): Promise<void> {
  const list = await context.client().get<PeerList>('/v1/peers');
  context.answer(list, ({ peers }) =>
    peers.length > 0 ? context.table(COLUMNS, peers) : ['no peers; add one: tortie peers add NAME ADDRESS ASN'],
  );
}

export async function showPeer(context: Context, name: string): Promise<void> {
  context.answer(await context.client().get<Peer>(path(name)), (peer) => peerLines(context, peer));
}

function peerLines(context: Context, peer: Peer): string[] {
  const { spec, session } = peer;
  const { name: _, remoteAddress: __, interface: ___, remoteAsn, ...rest } = spec;
  const configured = Object.entries(rest).map(
    ([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : String(value)] as const,
  );
  const lines = fields([
    ['peer', peer.name],
    ['address', spec.interface === undefined ? spec.remoteAddress : undefined],
    ['interface', spec.interface],
    ...discoveryFields(peer),
    ['AS', remoteAsn],
    ['from', peer.source ?? peer.origin],
    ['TCP-MD5 key', peer.passwordSet ? 'set' : undefined],
    ['error', peer.error],
    ...configured,
  ]);
  const bfd = peer.bfd ? ['', ...bfdLines(peer.bfd)] : [];
  if (!session) return [...lines, ...bfd];
  const capabilities = session.capabilities?.join(', ');
  const counts = ({ total, update, notification }: typeof session.messagesIn): string =>
    `${counted(total, 'message')}, ${counted(update, 'update')}, ${counted(notification, 'notification')}`;
  return [
    ...lines,
    '',
    ...fields([
      ['session', `${session.state} for ${since(session.since)}`],
      ['type', session.type],
      ['last cause', session.lastCause],
      ...(session.kernelDrops ?? []).map(
        ({ counter, segments, hint }) =>
          ['dropped', `${counted(segments, 'segment')} ${hint} (${counter} of this node)`] as const,
      ),
      ['lost so far', session.flaps],
      ['remote AS', typeof remoteAsn === 'number' ? undefined : session.remoteAsn],
      ['router ID', session.remoteRouterId],
      ['draining', session.draining ? 'yes, for maintenance' : undefined],
      ['role of the peer', session.peerRole],
      ['local address', session.localAddress],
      [
        'hold time',
        session.holdTimeS === undefined ? undefined : `${session.holdTimeS} s, keepalive ${session.keepaliveS ?? 0} s`,
      ],
      ['capabilities', capabilities],
      ['in', counts(session.messagesIn)],
      ['of no use', unusedText(session.unused)],
      ['out', counts(session.messagesOut)],
    ]),
    ...bfd,
    ...(session.families.length > 0 ? ['', ...familyTable(context, session.families)] : []),
  ];
}

const UNUSED: Readonly<Record<keyof NonNullable<PeerSession['unused']>, string>> = {
  rejected: 'rejected by policy',
  duplicates: 'known already',
  duplicateUpdates: 'updates of known ones alone',
  unknownWithdrawals: 'withdrawals of unknown ones',
  asLoops: 'updates with our AS number',
  originatorLoops: 'updates that we originated',
  clusterLoops: 'updates with our cluster ID',
  malformed: 'withdrawn as malformed',
};

const unusedText = (unused: PeerSession['unused']): string | undefined =>
  unused &&
  Object.entries(UNUSED)
    .filter(([name]) => unused[name as keyof typeof unused] !== undefined)
    .map(([name, text]) => `${unused[name as keyof typeof unused]} ${text}`)
    .join(', ');

const HEARD: Readonly<Record<NonNullable<NonNullable<Peer['discovery']>['heardBy']>, string>> = {
  'router-advertisement': 'heard by router advertisement',
  'neighbour-table': 'known from the neighbour table',
  connection: 'has called us',
};

/** Who is at the far end of a peer's interface, or why that is not known. */
function discoveryFields({ discovery }: Peer): (readonly [string, string | undefined])[] {
  if (!discovery) return [];
  const { address: found, heardBy, lastHeard, localAddress, others, reason } = discovery;
  const how = heardBy && HEARD[heardBy];
  return [
    ['neighbour', found === undefined ? 'not found' : `${found}, ${how}`],
    ['last heard', lastHeard === undefined ? undefined : `${since(lastHeard)} ago`],
    ['others there', others?.join(', ')],
    ['our address', localAddress],
    ['because', reason],
  ];
}

const bfdLines = (bfd: NonNullable<Peer['bfd']>): string[] =>
  fields([
    ['BFD', `${bfd.state} for ${since(bfd.since)}${bfd.multihop ? ', multihop' : ''}`],
    ['BFD error', bfd.error],
    ['waits for BFD', bfd.holdsSession ? 'yes' : undefined],
    ['diagnostic', bfd.diagnostic === 'no diagnostic' ? undefined : bfd.diagnostic],
    ['peer says', bfd.remoteState],
    [
      'timers',
      `a packet every ${bfd.txIntervalMs} ms${bfd.detectionTimeMs === undefined ? '' : `, lost after ${bfd.detectionTimeMs} ms of silence`}`,
    ],
    ['lost so far', `${bfd.flaps}${bfd.lastDown === undefined ? '' : `, last for: ${bfd.lastDown}`}`],
    ['packets', `${bfd.packetsIn} in, ${bfd.packetsOut} out`],
  ]);

/** The end of the phase, and whether it is that of RFC 9494. */
const staleUntil = ({ stale, longLived, staleUntil: end }: SessionFamily): string | undefined =>
  stale === 0 || end === undefined ? undefined : `${end}${longLived ? ', the last choice' : ''}`;

const familyTable = (context: Context, families: NonNullable<Peer['session']>['families']): string[] =>
  context.table(
    [
      { title: 'FAMILY', value: ({ family }) => family },
      { title: 'RECEIVED', value: ({ received }) => received, right: true },
      { title: 'ADVERTISED', value: ({ advertised }) => advertised, right: true },
      { title: 'STALE', value: ({ stale }) => stale, right: true },
      { title: 'END-OF-RIB', value: ({ endOfRib }) => (endOfRib ? 'yes' : 'no') },
      ...(families.some(({ stale }) => stale > 0) ? [{ title: 'STALE UNTIL', value: staleUntil }] : []),
    ],
    families,
  );

export function asnOf(text: string, flag = ''): number | string {
  if (text === 'external' || text === 'internal') return text;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`${flag}"${text}" is no AS number; write it like 64512, or external, or internal`);
}

/** NAME ADDRESS ASN; with --interface the address goes without saying, and the interface is name enough. */
export async function addPeer(
  context: Context,
  words: readonly (string | undefined)[],
  options: Options,
): Promise<void> {
  const [given, remoteAddress, number] = words;
  const device = options.interface as string | undefined;
  const name = given ?? device;
  if (name === undefined || (device === undefined && remoteAddress === undefined)) {
    throw new UsageError('write NAME ADDRESS ASN, or --interface INTERFACE for an unnumbered peer');
  }
  const asn = number ?? (options.remoteAsn as string | undefined);
  if (asn === undefined) throw new UsageError('of which AS is the peer? write its number, or --remote-asn external');
  const place = remoteAddress === undefined ? {} : { remoteAddress };
  const body = { name, ...place, remoteAsn: asnOf(asn), ...peerFields(options) };
  const { body: created } = await context.client().call<Peer | PeerChange>('POST', '/v1/peers', { body });
  context.answer(created, () => [`added ${name}`]);
}

export const IMPACTS: Readonly<Record<PeerChange['impact'], string>> = {
  none: 'nothing changed',
  applied: 'applied, the session goes on',
  'soft-refresh': 'applied, routes are exchanged again, the session goes on',
  'session-reset': 'applied, the session starts anew',
};

export async function setPeer(context: Context, name: string, options: Options): Promise<void> {
  const body = peerFields(options);
  if (typeof options.address === 'string') body.remoteAddress = options.address;
  if (typeof options.asn === 'string') body.remoteAsn = asnOf(options.asn, '--asn: ');
  for (const flag of (options.unset as readonly string[] | undefined) ?? []) body[fieldOfFlag(flag)] = null;
  if (Object.keys(body).length === 0) throw new UsageError('nothing to set; see "tortie peers set --help"');
  const { body: change } = await context
    .client()
    .call<PeerChange>('PATCH', path(name), { body, ifMatch: ifMatch(options) });
  context.answer(change, ({ impact }) => [`${name}: ${IMPACTS[impact]}`]);
}

export async function removePeer(context: Context, name: string, options: Options): Promise<void> {
  await context.client().call('DELETE', path(name), { ifMatch: ifMatch(options) });
  context.answer({ removed: name }, () => [`removed ${name}`]);
}

export const ifMatch = ({ ifRevision }: Options): string | undefined =>
  ifRevision === undefined ? undefined : `"${String(ifRevision).replaceAll('"', '')}"`;

export async function resetPeer(context: Context, name: string, options: Options): Promise<void> {
  const modes: readonly (readonly [string, PeerReset['mode']])[] = [
    ['hard', 'hard'],
    ['soft', 'soft'],
    ['in', 'soft-in'],
    ['out', 'soft-out'],
  ];
  const chosen = modes.filter(([flag]) => options[flag] === true).map(([, mode]) => mode);
  if (chosen.length > 1) throw new UsageError('one of --hard, --soft, --in, --out');
  const mode = chosen[0] ?? 'soft';
  const { body } = await context.client().call<ResetDone>('POST', `${path(name)}/reset`, { body: { mode } });
  context.answer(body, () => [
    mode === 'hard' ? `${name}: session closed, dialling again` : `${name}: ${mode} reset, the session goes on`,
  ]);
}

/** Traffic leaves the session before maintenance, or comes back. */
export async function drainPeer(context: Context, name: string, drain: boolean): Promise<void> {
  const { body } = await context.client().call<DrainDone>('POST', `${path(name)}/drain`, { body: { drain } });
  context.answer(body, ({ draining }) => {
    if (drain)
      return [`${name}: drained; traffic leaves it, the session goes on; back with: tortie peers undrain ${name}`];
    return [draining ? `${name}: still drained, its configuration says gracefulShutdown` : `${name}: in use again`];
  });
}
