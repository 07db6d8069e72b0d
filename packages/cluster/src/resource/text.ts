/** Scalars of resources, as Calico's manifests write them. */
import { tryParseAddress } from '@tortie/ip';
import { IpamError, parseSelector } from '@tortie/ipam';
import type { TUnsafe } from 'typebox';
import { COMMON_FORMATS, type Formats } from '../schema/formats.js';
import { Type } from '../schema/type.js';

type Options = Readonly<Record<string, unknown>>;

const MAX_ASN = 4294967295;

/** `64512`, or with dots (RFC 5396 section 2) `1.10`; undefined for anything else. 0 is no AS number (RFC 7607). */
export function tryParseAsNumber(text: string): number | undefined {
  const dotted = /^(\d{1,5})\.(\d{1,5})$/.exec(text);
  if (dotted) {
    const [high, low] = [Number(dotted[1]), Number(dotted[2])];
    const asn = high * 65536 + low;
    return high <= 65535 && low <= 65535 && asn > 0 ? asn : undefined;
  }
  const asn = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return asn >= 1 && asn <= MAX_ASN ? asn : undefined;
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** `90s`, `1m30s`, `1.5h`: milliseconds; undefined for anything else. */
export function tryParseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) total += Number(amount) * UNITS[unit!]!;
  return total;
}

/** Of a text that was checked: whole seconds. */
export const secondsOf = (duration: string): number => Math.round((tryParseDuration(duration) ?? 0) / 1000);

export interface Endpoint {
  readonly address: string;
  readonly port?: number;
}

/** `192.0.2.1`, `192.0.2.1:1790`, `2001:db8::1`, `[2001:db8::1]:1790`; undefined for anything else. */
export function tryParsePeerIp(text: string): Endpoint | undefined {
  if (tryParseAddress(text)) return { address: text };
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  const version = address === undefined ? undefined : tryParseAddress(address)?.version;
  const port = Number(match?.[3]);
  if (!match || address === undefined || version === undefined || port < 1 || port > 65535) return undefined;
  return (match[1] === undefined) === (version === 4) ? { address, port } : undefined;
}

/** Two numbers of 16 bits, or three of 32 (RFC 1997, RFC 8092). */
export function isCommunity(text: string): boolean {
  if (!/^\d{1,10}(:\d{1,10}){1,2}$/.test(text)) return false;
  const parts = text.split(':').map(Number);
  return parts.every((part) => part <= (parts.length === 2 ? 0xffff : 0xffffffff));
}

/** The `format` keywords of resources; none has the name of a format that JSON Schema knows and means otherwise. */
export const RESOURCE_FORMATS: Formats = {
  ...COMMON_FORMATS,
  'as-number': (text) =>
    tryParseAsNumber(text) === undefined
      ? `"${text}" is no AS number; write a whole number 1 to ${MAX_ASN}, or with a dot like 1.10`
      : undefined,
  'unit-duration': (text) =>
    tryParseDuration(text) === undefined
      ? `"${text}" is no duration; write a number with its unit, like 90s, 2m or 1m30s`
      : undefined,
  'peer-ip': (text) =>
    tryParsePeerIp(text)
      ? undefined
      : `"${text}" is no address of a peer; write 192.0.2.1, 192.0.2.1:1790, 2001:db8::1 or [2001:db8::1]:1790`,
  community: (text) =>
    isCommunity(text)
      ? undefined
      : `"${text}" is no community; write two numbers 0 to 65535 like "65000:100", or three 0 to 4294967295 like "65000:1:2"`,
  'interface-address': (text) => {
    const [address, length, more] = text.split('/');
    const parsed = tryParseAddress(address ?? '');
    const bits = parsed?.version === 4 ? 32 : 128;
    const fits = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
    return parsed && fits && more === undefined
      ? undefined
      : `"${text}" is no address of a node; write it with the length of its subnet, like 10.0.0.1/24 or 2001:db8::1/64`;
  },
  selector: (text) => {
    try {
      parseSelector(text);
      return undefined;
    } catch (error) {
      if (error instanceof IpamError) return error.message;
      throw error;
    }
  },
  'dns-name': (text) =>
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text)
      ? undefined
      : `"${text}" is no name; write lower case letters, digits, dashes and dots, with a letter or digit at both ends`,
};

/** A number, or its text; a number once the resource was read. */
export const asNumber = (description: string, options: Options = {}): TUnsafe<number> =>
  Type.Union([Type.Integer({ minimum: 1, maximum: MAX_ASN }), Type.String({ format: 'as-number' })], {
    description,
    ...options,
  }) as unknown as TUnsafe<number>;

export const duration = (description: string, options: Options = {}) =>
  Type.String({ format: 'unit-duration', maxLength: 40, description, ...options });

export const selector = (description: string, options: Options = {}) =>
  Type.String({ format: 'selector', maxLength: 1024, description, ...options });

export const prefix = (description: string, options: Options = {}) =>
  Type.String({ format: 'ip-prefix', description, ...options });

export const address = (description: string, options: Options = {}) =>
  Type.String({ format: 'ip-address', description, ...options });

export const community = (description: string) => Type.String({ format: 'community', description });

/** One of these words. */
export const oneOf = <const Words extends readonly string[]>(
  words: Words,
  options: Options = {},
): TUnsafe<Words[number]> =>
  Type.Union(words.map((word) => Type.Literal(word)) as never, options) as unknown as TUnsafe<Words[number]>;

/** A name of another resource. */
export const reference = (description: string) =>
  Type.String({ minLength: 1, maxLength: 253, format: 'resource-name', description });

/** A secret by its name, never in plain text. */
export const secretReference = (description: string) =>
  Type.Object(
    {
      secretKeyRef: Type.Object(
        {
          name: reference('Name of the secret'),
          key: Type.String({ minLength: 1, maxLength: 253, pattern: '^[-._a-zA-Z0-9]+$', description: 'Key in it' }),
          optional: Type.Optional(
            Type.Boolean({ description: 'true: no password where the secret is not there; false: no session' }),
          ),
        },
        { additionalProperties: false, description: 'A key of a secret' },
      ),
    },
    { additionalProperties: false, description },
  );
