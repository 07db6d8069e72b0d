/** From the attributes of a 2-octet session to the true path and aggregator. RFC 6793 section 4.2.3. */
import { AS_TRANS } from '../../iana.js';
import type { Aggregator, AsPathSegment } from './path-attributes.js';

export interface As4Input {
  readonly asPath: readonly AsPathSegment[];
  readonly as4Path: readonly AsPathSegment[] | undefined;
  readonly aggregator: Aggregator | undefined;
  readonly as4Aggregator: Aggregator | undefined;
}

export interface As4Merged {
  readonly asPath: readonly AsPathSegment[];
  readonly aggregator: Aggregator | undefined;
}

export function mergeAs4({ asPath, as4Path, aggregator, as4Aggregator }: As4Input): As4Merged {
  // An AGGREGATOR with an AS number of its own says that an old speaker aggregated anew: the AS4 attributes are stale.
  if (as4Aggregator && aggregator && aggregator.asn !== AS_TRANS) return { asPath, aggregator };
  return {
    asPath: as4Path ? mergePaths(asPath, as4Path) : asPath,
    aggregator: aggregator && as4Aggregator ? as4Aggregator : aggregator,
  };
}

/** What a segment counts for: a set 1, confederation segments 0. RFC 4271 section 9.1.2.2, RFC 5065 section 5.3. */
const weight = ({ type, asns }: AsPathSegment): number => (type === 'sequence' ? asns.length : type === 'set' ? 1 : 0);

const pathLength = (path: readonly AsPathSegment[]): number => path.reduce((sum, segment) => sum + weight(segment), 0);

function mergePaths(asPath: readonly AsPathSegment[], as4Path: readonly AsPathSegment[]): readonly AsPathSegment[] {
  let missing = pathLength(asPath) - pathLength(as4Path);
  if (missing < 0) return asPath;
  const merged: AsPathSegment[] = [];
  for (const segment of asPath) {
    const size = weight(segment);
    // A confederation segment follows only where it leads or touches a segment that is taken over.
    if (size === 0 && (missing > 0 || merged.length === 0 || adjacent(merged, asPath, segment))) merged.push(segment);
    else if (missing <= 0) break;
    else if (size <= missing) {
      merged.push(segment);
      missing -= size;
    } else {
      merged.push({ type: 'sequence', asns: segment.asns.slice(0, missing) });
      missing = 0;
      break;
    }
  }
  return joinSequences([...merged, ...as4Path]);
}

const adjacent = (merged: readonly AsPathSegment[], path: readonly AsPathSegment[], segment: AsPathSegment): boolean =>
  merged.at(-1) === path[path.indexOf(segment) - 1];

/** Makes one of two sequences side by side, as they were before a 2-octet speaker prepended. */
function joinSequences(path: readonly AsPathSegment[]): readonly AsPathSegment[] {
  const joined: AsPathSegment[] = [];
  for (const segment of path) {
    const last = joined.at(-1);
    if (last?.type === 'sequence' && segment.type === 'sequence' && last.asns.length + segment.asns.length <= 255) {
      joined[joined.length - 1] = { type: 'sequence', asns: [...last.asns, ...segment.asns] };
    } else joined.push(segment);
  }
  return joined;
}

/** The AS4 attributes that a 2-octet session needs beside these; absent where two octets hold every number. */
export function splitAs4(asPath: readonly AsPathSegment[] | undefined, aggregator: Aggregator | undefined) {
  const as4Path = asPath?.filter(({ type }) => type === 'sequence' || type === 'set');
  const large = asPath?.some(({ asns }) => asns.some((asn) => asn > 0xffff)) ?? false;
  return {
    as4Path: large && as4Path && as4Path.length > 0 ? as4Path : undefined,
    as4Aggregator: aggregator && aggregator.asn > 0xffff ? aggregator : undefined,
  };
}
