/** What a user says about a BMP collector, with defaults and checks. Times are in seconds. */
import type { Address } from '@tortie/ip';
import { BgpConfigError } from '../config-error.js';
import { FAMILIES, type FamilyName } from '../wire/family/family.js';
import { encodeUtf8 } from '../wire/utf8.js';

/**
 * A table that a collector may see: what peers sent, as received or as the import policy left it (RFC 7854), the best
 * routes (RFC 9069), and what peers are told, as sent (RFC 8671).
 */
export type BmpView = 'adj-rib-in-pre' | 'adj-rib-in-post' | 'loc-rib' | 'adj-rib-out-post';

export const BMP_VIEWS: readonly BmpView[] = ['adj-rib-in-pre', 'adj-rib-in-post', 'loc-rib', 'adj-rib-out-post'];

export interface BmpCollectorConfig {
  readonly name: string;
  readonly address: Address;
  /** Default 1790. */
  readonly port?: number;
  /** Source address of our connection. Default: the kernel's choice. */
  readonly localAddress?: Address;
  /** Default: adj-rib-in-pre and loc-rib. */
  readonly monitor?: readonly BmpView[];
  /** Default: all. */
  readonly families?: readonly FamilyName[];
  /** Time between statistics; 0: none. Default 60. */
  readonly statsIntervalS?: number;
  /** Longest pause between attempts to connect; the first is of one second, and each is twice the one before. Default 60. */
  readonly connectRetryMaxS?: number;
  /** A collector that reads nothing for this long although something waits is cut off. Default 60. */
  readonly stallS?: number;
  /** How we introduce ourselves. Default "tortie". */
  readonly sysName?: string;
  /** Default "Tortie BGP speaker". */
  readonly sysDescr?: string;
}

export type ResolvedBmpCollectorConfig = Required<Omit<BmpCollectorConfig, 'localAddress'>> & {
  readonly localAddress: Address | undefined;
};

/** Checks and completes a collector. Throws BgpConfigError with the field at fault. */
export function resolveBmpCollector(collector: BmpCollectorConfig): ResolvedBmpCollectorConfig {
  const fail = (field: keyof BmpCollectorConfig, detail: string): never => {
    throw new BgpConfigError(`BMP collector "${collector.name}": ${field} ${detail}`, field);
  };
  const within = (field: keyof BmpCollectorConfig, value: number, low: number, high: number): number =>
    Number.isInteger(value) && value >= low && value <= high
      ? value
      : fail(field, `is ${value}; it must be ${low} to ${high}`);
  const listed = <T extends string>(
    field: 'monitor' | 'families',
    list: readonly T[],
    known: readonly T[],
  ): readonly T[] => {
    if (list.length === 0) fail(field, `is empty; known are ${known.join(', ')}`);
    for (const each of list) if (!known.includes(each)) fail(field, `has "${each}"; known are ${known.join(', ')}`);
    return known.filter((each) => list.includes(each));
  };
  const text = (field: 'sysName' | 'sysDescr', value: string): string =>
    encodeUtf8(value).length <= 255 ? value : fail(field, 'has more than 255 octets');
  const { name, address, localAddress } = collector;
  if (typeof name !== 'string' || name === '') fail('name', 'is empty');
  if (localAddress && localAddress.version !== address.version) {
    fail('localAddress', 'has another IP version than address');
  }
  return {
    name,
    address,
    localAddress,
    port: within('port', collector.port ?? 1790, 1, 65535),
    monitor: listed('monitor', collector.monitor ?? ['adj-rib-in-pre', 'loc-rib'], BMP_VIEWS),
    families: listed('families', collector.families ?? FAMILY_NAMES, FAMILY_NAMES),
    statsIntervalS: within('statsIntervalS', collector.statsIntervalS ?? 60, 0, 86400),
    connectRetryMaxS: within('connectRetryMaxS', collector.connectRetryMaxS ?? 60, 1, 3600),
    stallS: within('stallS', collector.stallS ?? 60, 10, 3600),
    sysName: text('sysName', collector.sysName ?? 'tortie'),
    sysDescr: text('sysDescr', collector.sysDescr ?? 'Tortie BGP speaker'),
  };
}

const FAMILY_NAMES: readonly FamilyName[] = FAMILIES.map(({ name }) => name);
