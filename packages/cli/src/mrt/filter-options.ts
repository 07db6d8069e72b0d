/** The options that say which routes of MRT files are wanted. */
import { tryParseCommunityMatch } from '@tortie/agent/api';
import { asPathExpressionFault } from '@tortie/bgp';
import type { MrtFilterOptions, MrtPrefixMatch, MrtRouteKind } from '@tortie/bgp/mrt';
import { IpError, parsePrefix, tryParseAddress } from '@tortie/ip';
import { UsageError } from '../failure.js';

export interface FilterOptions {
  readonly prefix?: readonly string[];
  readonly longer?: boolean;
  readonly covering?: boolean;
  readonly exact?: boolean;
  readonly peer?: readonly string[];
  readonly originAs?: readonly string[];
  readonly asPath?: readonly string[];
  readonly community?: readonly string[];
  readonly type?: readonly string[];
  readonly from?: string;
  readonly to?: string;
}

/** Throws UsageError. */
export function readFilter(options: FilterOptions): MrtFilterOptions {
  const { prefix, peer, originAs, asPath, community, type, from, to } = options;
  const match = matchOf(options);
  for (const expression of asPath ?? []) {
    const fault = asPathExpressionFault(expression);
    if (fault) throw new UsageError(`--as-path: ${fault}`);
  }
  return {
    prefixes: prefix?.map((text) => ({ prefix: prefixOf(text), match })),
    peers: peer?.map(peerOf),
    originAsns: originAs?.map((text) => asnOf('--origin-as', text)),
    asPaths: asPath,
    communities: community?.map((text) => {
      const parsed = tryParseCommunityMatch(text);
      if (parsed !== undefined) return parsed;
      throw new UsageError(
        `--community: "${text}" is no community; write 65000:1, 65000:1:2 with * for any part, or a name like no-export`,
      );
    }),
    kinds: type?.map(kindOf),
    fromS: from === undefined ? undefined : timeOf('--from', from),
    toS: to === undefined ? undefined : timeOf('--to', to),
  };
}

/** Whether the conditions name routes, so that a record without routes cannot fulfil them. */
export const namesRoutes = ({ prefix, originAs, asPath, community, type, peer }: FilterOptions): boolean =>
  [prefix, originAs, asPath, community, type, peer].some((given) => given !== undefined);

function matchOf({ prefix, longer, covering, exact }: FilterOptions): MrtPrefixMatch['match'] {
  if ([longer, covering, exact].filter(Boolean).length > 1)
    throw new UsageError('one of --exact, --longer, --covering');
  if ((longer || covering || exact) && !prefix) throw new UsageError('--exact, --longer and --covering need --prefix');
  return longer ? 'longer' : covering ? 'covering' : 'exact';
}

function prefixOf(text: string) {
  const address = tryParseAddress(text);
  if (address) return { ...address, length: address.version === 4 ? 32 : 128 };
  try {
    return parsePrefix(text);
  } catch (error) {
    if (error instanceof IpError) throw new UsageError(`--prefix: ${error.message}`);
    throw error;
  }
}

const KINDS: readonly MrtRouteKind[] = ['rib', 'announce', 'withdraw', 'state'];

function kindOf(text: string): MrtRouteKind {
  const kind = KINDS.find((each) => each === text);
  if (kind) return kind;
  throw new UsageError(`--type: "${text}" is none of ${KINDS.join(', ')}`);
}

function peerOf(text: string) {
  return tryParseAddress(text) ?? asnOf('--peer', text);
}

/** Reads `3333` or `AS3333`. Throws UsageError. */
export function asnOf(option: string, text: string): number {
  const asn = /^(?:AS)?(\d{1,10})$/i.exec(text)?.[1];
  if (asn !== undefined && Number(asn) <= 0xffffffff) return Number(asn);
  const address = option === '--peer' ? 'an address or ' : '';
  throw new UsageError(`${option}: "${text}" is not ${address}an AS number; write one like 3333`);
}

/** Seconds since 1970. Throws UsageError. */
export function timeOf(option: string, text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const whole = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text.replace(' ', 'T');
  const parsed = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(whole) ? whole : `${whole}Z`);
  if (!Number.isNaN(parsed)) return parsed / 1000;
  throw new UsageError(`${option}: "${text}" is no time; write seconds since 1970, or 2026-01-31T12:00`);
}
