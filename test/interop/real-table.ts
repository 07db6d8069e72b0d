/**
 * Recorded routes as a peer would announce them, and as they ought to arrive behind the agent. The large recordings lie
 * beside the repository, in ../shared/corpus as seen from its root; small ones are fixtures of the bgp package.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import {
  type AsPathSegment,
  encodeMessage,
  endOfRib,
  type FamilyName,
  type Fault,
  familyByName,
  type PathAttributes,
  wireContext,
} from '@tortie/bgp';
import { decodeMrtMessage, readMrt } from '@tortie/bgp/mrt';
import { formatAddress, formatPrefix, type Prefix, parseAddress, parsePrefix } from '@tortie/ip';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const CORPUS = `${root}../shared/corpus/bgpdump/test_data/`;
const FIXTURES = `${root}packages/bgp/test/fixtures/bgpdump/test_data/`;

/** Why the large recordings are left out, or false. */
export const withoutCorpus: string | false = existsSync(CORPUS)
  ? false
  : `the corpus ../shared/corpus (beside the repository's root) is not there`;

/** By prefix; what belongs to the recording's own session is left out. */
export type Table = ReadonlyMap<string, PathAttributes>;

/**
 * The routes of one family that stand at the end of these recordings, of several peers the first in a dump, the last in
 * messages. Routes with faulty attributes are left out.
 */
export function readTable(files: readonly string[], family: FamilyName): Table {
  const { version, afi, safi } = familyByName(family);
  const table = new Map<string, PathAttributes>();
  const put = (prefix: Prefix, attributes: Partial<PathAttributes>, faults: readonly Fault[]): void => {
    if (prefix.version === version && faults.length === 0) table.set(formatPrefix(prefix), ofTheRoute(attributes));
  };
  for (const record of files.flatMap((file) => [...readMrt(octetsOf(file))])) {
    if (record.type === 'table-dump' && !table.has(formatPrefix(record.prefix))) {
      put(record.prefix, record.attributes, record.faults);
    } else if (record.type === 'rib') {
      const sound = record.entries.find(({ faults }) => faults.length === 0);
      if (sound) put(record.prefix, sound.attributes, sound.faults);
    } else if (record.type === 'message') {
      const message = decodeMrtMessage(record);
      if (message.type !== 'update') continue;
      const { mpReach, mpUnreach } = message.attributes;
      const ofFamily = (part: typeof mpUnreach) => (part?.afi === afi && part.safi === safi ? part.nlri : []);
      for (const { prefix } of [...message.withdrawn, ...ofFamily(mpUnreach)]) table.delete(formatPrefix(prefix));
      for (const { prefix } of [...message.nlri, ...ofFamily(mpReach)]) put(prefix, message.attributes, message.faults);
    }
  }
  return table;
}

function octetsOf(file: string): Uint8Array {
  const folder = existsSync(CORPUS + file) ? CORPUS : FIXTURES;
  return gunzipSync(readFileSync(folder + file));
}

function ofTheRoute(attributes: Partial<PathAttributes>): PathAttributes {
  const { localPref, originatorId, clusterList, nextHop, mpReach, mpUnreach, ...rest } = attributes;
  return rest as PathAttributes;
}

export interface Announcer {
  readonly asn: number;
  readonly nextHop: string;
}

/** The UPDATEs by which an eBGP peer announces a table, equal attributes together, and End-of-RIB. */
export function announcements(table: Table, family: FamilyName, { asn, nextHop }: Announcer): Uint8Array[] {
  const groups = new Map<string, { attributes: PathAttributes; prefixes: Prefix[] }>();
  for (const [prefix, attributes] of table) {
    const key = JSON.stringify(attributes, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    const group = groups.get(key) ?? { attributes, prefixes: [] };
    groups.set(key, group);
    group.prefixes.push(parsePrefix(prefix));
  }
  const { afi, safi, version } = familyByName(family);
  const context = wireContext();
  const messages: Uint8Array[] = [];
  for (const { attributes, prefixes } of groups.values()) {
    const asPath: AsPathSegment[] = [{ type: 'sequence', asns: [asn] }, ...attributes.asPath];
    for (let at = 0; at < prefixes.length; at += 100) {
      const nlri = prefixes.slice(at, at + 100).map((prefix) => ({ prefix }));
      const hop = parseAddress(nextHop);
      const reach = version === 4 ? { nextHop: hop } : { mpReach: { afi, safi, nextHop: hop, nlri } };
      const update = { attributes: { ...attributes, asPath, ...reach }, nlri: version === 4 ? nlri : [] };
      messages.push(encodeMessage({ type: 'update', withdrawn: [], faults: [], ...update }, context));
    }
  }
  return [...messages, encodeMessage(endOfRib({ afi, safi }), context)];
}

const ORIGINS = { igp: 'IGP', egp: 'EGP', incomplete: 'Incomplete' } as const;

/** A route as BIRD ought to show it behind these ASes: every attribute but the next hop, in one line. */
export function lineBehind(ases: readonly number[], attributes: PathAttributes): string {
  const { origin, asPath, atomicAggregate, aggregator } = attributes;
  const { communities = [], extendedCommunities = [], largeCommunities = [] } = attributes;
  const path = [...ases, ...asPath.map(({ type, asns }) => (type === 'set' ? `{${asns.join(' ')}}` : asns.join(' ')))];
  return inOneLine({
    origin: ORIGINS[origin],
    as_path: path.filter((part) => part !== '').join(' '),
    ...(atomicAggregate ? { atomic_aggr: '' } : {}),
    ...(aggregator ? { aggregator: `${formatAddress(aggregator.address)} AS${aggregator.asn}` } : {}),
    ...(communities.length > 0
      ? { community: communities.map((word) => `(${word >>> 16},${word & 0xffff})`).join(' ') }
      : {}),
    ...(extendedCommunities.length > 0 ? { ext_community: extendedCommunities.map(extendedText).join(' ') } : {}),
    ...(largeCommunities.length > 0
      ? { large_community: largeCommunities.map((parts) => `(${parts.join(', ')})`).join(' ') }
      : {}),
  });
}

/** Route targets and origins of two-octet ASes, the only ones in the recordings. RFC 4360 section 4. */
function extendedText(value: bigint): string {
  const kind = { 2: 'rt', 3: 'ro' }[Number(value >> 48n)];
  return `(${kind ?? value.toString(16)}, ${(value >> 32n) & 0xffffn}, ${value & 0xffffffffn})`;
}

/** Attributes by BIRD's names, sorted, communities too; without the next hop, and the LOCAL_PREF that BIRD sets itself. */
export function inOneLine(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .filter(([name]) => name !== 'next_hop' && name !== 'local_pref')
    .map(([name, value]) => `${name}=${name.endsWith('community') ? inOrder(value) : value}`)
    .sort()
    .join('; ');
}

const inOrder = (communities: string): string => (communities.match(/\([^)]*\)/g) ?? []).sort().join(' ');
