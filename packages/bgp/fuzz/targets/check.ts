/** What must hold, said briefly. */
import { isDeepStrictEqual } from 'node:util';

/** A broken law. */
class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
}

export function check(holds: boolean, law: string): asserts holds {
  if (!holds) throw new FuzzFailure(law);
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? `${each}` : each instanceof Uint8Array ? Buffer.from(each).toString('hex') : each,
  )?.slice(0, 400) ?? 'undefined';

export function checkEqual(found: unknown, wanted: unknown, law: string): void {
  if (!isDeepStrictEqual(found, wanted)) throw new FuzzFailure(`${law}: ${show(found)} instead of ${show(wanted)}`);
}
