/** All records of one moment, sorted by kind; those that cannot be read are findings. */
import { formatPrefix, type Prefix } from '@tortie/ip';
import type { Entry } from '@tortie/store';
import { IpamError } from '../errors.js';
import { type AffinityState, readAffinity } from '../record/affinity.js';
import { type BlockRecord, cidrOf, readBlock } from '../record/block-record.js';
import { readConfig, readReservation } from '../record/config.js';
import { type HandleRecord, readHandle } from '../record/handle.js';
import { AFFINITIES, BLOCKS, CONFIG, cidrOfSegment, HANDLES, POOLS, RESERVATIONS } from '../record/keys.js';
import { type Pool, readPool } from '../record/pool.js';
import { assertVersion } from '../record/version.js';

export interface Affinity {
  readonly key: string;
  readonly node: string;
  readonly cidr: Prefix;
  readonly state: AffinityState;
}

export interface StoredBlock {
  readonly key: string;
  readonly cidr: Prefix;
  readonly block: BlockRecord;
}

export interface Records {
  readonly pools: readonly Pool[];
  readonly blocks: readonly StoredBlock[];
  readonly affinities: readonly Affinity[];
  readonly handles: readonly (HandleRecord & { readonly key: string })[];
  /** Keys of what cannot be read, or of what a later version wrote. */
  readonly unreadable: ReadonlySet<string>;
}

export type Report = (code: string, key: string, detail: string) => void;

export function readRecords(entries: readonly Entry[], report: Report): Records {
  const pools: Pool[] = [];
  const blocks: StoredBlock[] = [];
  const affinities: Affinity[] = [];
  const handles: (HandleRecord & { readonly key: string })[] = [];
  const unreadable = new Set<string>();
  const readers: readonly [string, (entry: Entry) => unknown][] = [
    [POOLS, (entry) => pools.push(readPool(entry))],
    [HANDLES, (entry) => handles.push({ ...readHandle(entry), key: entry.key })],
    [AFFINITIES, (entry) => affinities.push(affinityAt(entry))],
    [BLOCKS, (entry) => blocks.push(blockAt(entry))],
    [RESERVATIONS, readReservation],
    [CONFIG, readConfig],
    ['', assertVersion],
  ];
  for (const entry of entries) {
    try {
      readers.find(([prefix]) => entry.key.startsWith(prefix))![1](entry);
    } catch (error) {
      unreadable.add(entry.key);
      const isNewer = error instanceof IpamError && error.code === 'ERR_IPAM_VERSION';
      report(isNewer ? 'newer-record' : 'unreadable-record', entry.key, (error as Error).message);
    }
  }
  return { pools, blocks, affinities, handles, unreadable };
}

function blockAt(entry: Entry): StoredBlock {
  const block = readBlock(entry);
  const cidr = cidrOf(block);
  if (formatPrefix(cidr) !== block.cidr)
    throw new IpamError('ERR_IPAM_RECORD', `${entry.key}: ${block.cidr} is no CIDR`);
  return { key: entry.key, cidr, block };
}

function affinityAt(entry: Entry): Affinity {
  const [node = '', segment = ''] = entry.key.slice(AFFINITIES.length).split('/');
  return {
    key: entry.key,
    node: decodeURIComponent(node),
    cidr: cidrOfSegment(segment),
    state: readAffinity(entry).state,
  };
}
