/** `tortie routes`: loc-rib, why a route is best, the kernel's table, what one peer sent and gets. */
import type { Candidate, FibPage, FibRoute, PeerRoute, Route, RouteAttributes, Why } from '@tortie/agent/api';
import { comparePrefixes, parsePrefix } from '@tortie/ip';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { NegativeAnswer, UsageError } from '../failure.js';
import { since } from '../output/duration.js';
import type { Column } from '../output/table.js';

export interface RouteOptions {
  readonly why?: string;
  readonly fib?: boolean;
  readonly received?: string;
  readonly advertised?: string;
  readonly beforePolicy?: boolean;
  readonly family?: string;
  readonly longer?: boolean;
  readonly state?: string;
  readonly limit?: string;
  readonly all?: boolean;
}

export async function showRoutes(context: Context, prefix: string | undefined, options: RouteOptions): Promise<void> {
  const { why, fib, received, advertised } = options;
  const views = [why, fib, received, advertised].filter((view) => view !== undefined && view !== false);
  if (views.length > 1) throw new UsageError('one of --why, --fib, --received, --advertised');
  if (why !== undefined) return showWhy(context, why);
  if (fib) return showFib(context, prefix, options);
  if (received !== undefined) return showPeerRoutes(context, received, 'adj-rib-in', prefix, options);
  if (advertised !== undefined) return showPeerRoutes(context, advertised, 'adj-rib-out', prefix, options);
  return showLocRib(context, prefix, options);
}

const familyText = (family: string | undefined): string | undefined =>
  family === 'ipv4' || family === 'ipv6' ? `${family}-unicast` : family;

interface Listing<T> {
  readonly items: readonly T[];
  /** There are more than were asked for. */
  readonly more: boolean;
}

/** Reads pages until `--limit` items are there, or all of them with `--all`; in the order of prefixes, which pages have not. */
async function read<T extends { readonly prefix: string }>(
  context: Context,
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
  { limit, all }: RouteOptions,
): Promise<Listing<T>> {
  const wanted = all ? Number.POSITIVE_INFINITY : Number(limit ?? 500);
  if (!(wanted >= 1)) throw new UsageError(`--limit: "${limit}" is not a number from 1`);
  const items: T[] = [];
  const pages = context.client().pages<T>(path, 'routes', { ...query, limit: Math.min(wanted, 1000) });
  for await (const item of pages) {
    if (items.length >= wanted) return { items: byPrefix(items), more: true };
    items.push(item);
  }
  return { items: byPrefix(items), more: false };
}

const byPrefix = <T extends { readonly prefix: string }>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, prefix: parsePrefix(item.prefix) }))
    .sort((x, y) => comparePrefixes(x.prefix, y.prefix))
    .map(({ item }) => item);

const moreLine = <T>({ items, more }: Listing<T>): string[] =>
  more ? [`(the first ${items.length}; more with --limit N or --all)`] : [];

function attributeColumns<Row>(of: (row: Row) => RouteAttributes): Column<Row>[] {
  return [
    { title: 'NEXT HOP', value: (row) => of(row).nextHop },
    { title: 'LOCAL-PREF', value: (row) => of(row).localPref, right: true },
    { title: 'MED', value: (row) => of(row).med, right: true },
    { title: 'AS PATH', value: (row) => of(row).asPathText },
  ];
}

interface Line {
  readonly prefix: string;
  readonly candidate: Candidate;
}

/** `*` best, `+` installed beside it, `!` not eligible. */
const mark = ({ best, multipath, eligible }: Candidate): string => {
  if (best) return '*';
  if (multipath) return '+';
  return eligible ? '' : '!';
};

const CANDIDATES: readonly Column<Line>[] = [
  { title: 'PREFIX', value: ({ prefix }) => prefix },
  {
    title: '',
    value: ({ candidate }) => mark(candidate) || ' ',
    tone: ({ candidate }) => (candidate.best ? 'good' : undefined),
  },
  { title: 'FROM', value: ({ candidate }) => candidate.peer ?? 'here' },
  ...attributeColumns<Line>(({ candidate }) => candidate.attributes),
  { title: 'LOST BY', value: ({ candidate }) => candidate.reason, tone: () => 'dim' },
];

async function showLocRib(context: Context, prefix: string | undefined, options: RouteOptions): Promise<void> {
  const query = { family: familyText(options.family), prefix, longer: options.longer };
  const listing = await read<Route>(context, '/v1/routes', query, options);
  context.answer({ routes: listing.items }, () => {
    if (listing.items.length === 0) return ['no routes'];
    const lines = listing.items.flatMap((route) =>
      route.candidates.map((candidate) => ({ prefix: route.prefix, candidate })),
    );
    return [...context.table(CANDIDATES, lines), ...moreLine(listing)];
  });
  if (prefix !== undefined && listing.items.length === 0) throw new NegativeAnswer(EXIT.notFound);
}

async function showWhy(context: Context, prefix: string): Promise<void> {
  const why = await context.client().get<Why>('/v1/routes/why', { prefix });
  context.answer(why, ({ explanation, candidates, fib }) => [
    `${why.prefix}`,
    ...explanation.map((sentence) => `  ${sentence}`),
    ...(fib
      ? [`  kernel: ${fib.state}${fib.error ? ` (${fib.error})` : ''}${fib.taken ? `, but ${fib.taken}` : ''}`]
      : []),
    '',
    ...context.table(
      CANDIDATES,
      candidates.map((candidate) => ({ prefix: why.prefix, candidate })),
    ),
  ]);
}

const FIB: readonly Column<FibRoute>[] = [
  { title: 'PREFIX', value: ({ prefix }) => prefix },
  { title: 'KIND', value: ({ kind }) => kind },
  {
    title: 'STATE',
    value: ({ state }) => state,
    tone: ({ state }) => (state === 'installed' ? 'good' : state === 'failed' ? 'bad' : undefined),
  },
  {
    title: 'VIA',
    value: ({ nextHops }) =>
      nextHops
        .map((hop) => [hop.gateway, hop.interface && `dev ${hop.interface}`].filter(Boolean).join(' '))
        .join(', '),
  },
  { title: 'SOURCE', value: ({ source }) => source },
  { title: 'SINCE', value: ({ since: at }) => (at === undefined ? undefined : since(at)), right: true },
  { title: 'ERROR', value: ({ error, taken }) => error ?? taken, tone: () => 'bad' },
];

async function showFib(context: Context, prefix: string | undefined, options: RouteOptions): Promise<void> {
  const query = { family: familyText(options.family), prefix, state: options.state };
  const listing = await read<FibRoute>(context, '/v1/fib', query, options);
  const { summary } = await context.client().get<FibPage>('/v1/fib', { limit: 1 });
  context.answer({ summary, routes: listing.items }, () => [
    ...(listing.items.length > 0 ? context.table(FIB, listing.items) : ['no routes']),
    ...moreLine(listing),
    ...(summary.programming ? [] : [`this node programs nothing: ${summary.reason ?? 'switched off'}`]),
  ]);
  if (prefix !== undefined && listing.items.length === 0) throw new NegativeAnswer(EXIT.notFound);
}

const PREFIX: Column<PeerRoute> = { title: 'PREFIX', value: ({ prefix }) => prefix };
/** Shown where the peer has ADD-PATH. */
const PATH_ID: Column<PeerRoute> = { title: 'PATH ID', value: ({ pathId }) => pathId, right: true };
const PEER_ROUTES: readonly Column<PeerRoute>[] = [
  ...attributeColumns<PeerRoute>(({ attributes }) => attributes),
  {
    title: 'COMMUNITIES',
    value: ({ attributes }) => [...(attributes.communities ?? []), ...(attributes.largeCommunities ?? [])].join(' '),
  },
  { title: 'NOTE', value: ({ reason, stale }) => reason ?? (stale ? 'stale' : undefined), tone: () => 'dim' },
];

async function showPeerRoutes(
  context: Context,
  peer: string,
  table: 'adj-rib-in' | 'adj-rib-out',
  prefix: string | undefined,
  options: RouteOptions,
): Promise<void> {
  if (prefix !== undefined) throw new UsageError('a prefix does not go with --received or --advertised');
  const policy = table === 'adj-rib-in' ? { policy: options.beforePolicy ? 'before' : 'after' } : {};
  const query = { family: familyText(options.family), ...policy };
  const listing = await read<PeerRoute>(context, `/v1/peers/${encodeURIComponent(peer)}/${table}`, query, options);
  const withIds = listing.items.some(({ pathId }) => pathId !== undefined);
  const columns = [PREFIX, ...(withIds ? [PATH_ID] : []), ...PEER_ROUTES];
  context.answer({ routes: listing.items }, () =>
    listing.items.length > 0 ? [...context.table(columns, listing.items), ...moreLine(listing)] : ['no routes'],
  );
}
