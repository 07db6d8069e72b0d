/** Members of a JSON object, checked as they are read; a fault names its place. */
import { type Address, parseInterfaceAddress, tryParseAddress } from '@tortie/ip';
import { CniError } from './errors.js';

type Members = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const MAX_SHOWN = 200;

/** A value of the question as a message has it. */
export function shown(value: unknown): string {
  try {
    const text = JSON.stringify(value) ?? 'missing';
    return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  } catch {
    // JSON is read as deep as it goes, and written only as deep as the stack.
    return 'nested too deep to be shown';
  }
}

/** Throws `ERR_CNI_CONFIG`: where (a JSON pointer), what is there, and what would be right. */
export function refuse(pointer: string, value: unknown, right: string): never {
  throw new CniError('ERR_CNI_CONFIG', `${pointer} is ${shown(value)}; ${right}`);
}

export class Fields {
  readonly value: Members;
  readonly #pointer: string;

  constructor(value: unknown, pointer = '') {
    if (!isObject(value)) refuse(pointer || 'the network configuration', value, 'it is an object');
    this.value = value;
    this.#pointer = pointer;
  }

  at(name: string): string {
    return `${this.#pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  }

  /** undefined where it is absent; null counts as absent, as in Go. */
  get(name: string): unknown {
    return this.value[name] ?? undefined;
  }

  object(name: string): Fields | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : new Fields(value, this.at(name));
  }

  boolean(name: string): boolean | undefined {
    const value = this.get(name);
    if (value !== undefined && typeof value !== 'boolean') refuse(this.at(name), value, 'it is true or false');
    return value;
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      refuse(this.at(name), value, `it is a whole number from ${least} to ${most}`);
    }
    return value as number;
  }

  string(name: string): string | undefined {
    const value = this.get(name);
    if (value !== undefined && typeof value !== 'string') refuse(this.at(name), value, 'it is text');
    return value;
  }

  strings(name: string): readonly string[] | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.some((one) => typeof one !== 'string' || one === '')) {
      refuse(this.at(name), value, 'it is a list of texts');
    }
    return value as string[];
  }

  addresses(name: string): readonly Address[] | undefined {
    return this.strings(name)?.map((text, index) => readAddress(text, `${this.at(name)}/${index}`));
  }
}

/** `10.244.0.7` or `10.244.0.7/26`; the length says nothing here, as a pod has its address alone. */
export function readAddress(text: string, place: string): Address {
  const address = tryParseAddress(text);
  if (address) return address;
  try {
    return parseInterfaceAddress(text).address;
  } catch {
    return refuse(place, text, 'it is an address, like 10.244.0.7 or fd00:10:244::7');
  }
}
