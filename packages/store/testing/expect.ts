/** The two expectations the conformance cases need; they know no test runner. */
import { StoreError, type StoreErrorCode } from '../src/index.js';

/** Throws unless both are the same data; the order of object fields does not count. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [a, e] = [canonical(actual), canonical(expected)];
  if (a !== e) throw new Error(`${what}: expected ${e}, got ${a}`);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'undefined';
  const fields = Object.entries(value).filter(([, v]) => v !== undefined);
  fields.sort(([x], [y]) => (x < y ? -1 : 1));
  return `{${fields.map(([k, v]) => `${k}:${canonical(v)}`).join(',')}}`;
}

/** Throws unless the action fails with this code; gives the error. */
export async function fails(action: () => Promise<unknown>, code: StoreErrorCode, what: string): Promise<StoreError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof StoreError && error.code === code) return error;
    throw new Error(`${what}: expected ${code}, got ${String(error)}`, { cause: error });
  }
  throw new Error(`${what}: expected ${code}, but it succeeded`);
}
