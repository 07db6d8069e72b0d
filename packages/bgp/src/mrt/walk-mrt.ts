/** Walks the records of a stream of octets: whatever gives chunks, a file, a socket, a decompressor. */
import { MrtError } from '../errors.js';
import { type MrtFrame, MrtFramer, type MrtFramerOptions } from './mrt-framer.js';

export interface MrtWalkOptions extends MrtFramerOptions {
  /** Told of damage; the walk then goes on with the next record that makes sense. Without it the walk throws MrtError. */
  readonly damaged?: (error: MrtError) => void;
  /** Asked after each chunk; the walk waits for what it gives: a writer that has to drain. */
  readonly pause?: () => Promise<void> | undefined;
  /** Asked after each record: whether the rest is of no interest. */
  readonly enough?: () => boolean;
}

export interface MrtWalk {
  readonly records: number;
  readonly octets: number;
  /** Passed over after damage. */
  readonly skippedOctets: number;
}

/** Calls `visit` for each record; a MrtError that it throws is damage of this record alone. */
export async function walkMrt(
  source: AsyncIterable<Uint8Array>,
  visit: (frame: MrtFrame) => void,
  options: MrtWalkOptions = {},
): Promise<MrtWalk> {
  const { damaged, pause, enough } = options;
  const framer = new MrtFramer(options);
  let records = 0;
  let octets = 0;
  const handle = (error: unknown): void => {
    if (!(error instanceof MrtError) || !damaged) throw error;
    damaged(error);
  };
  const next = (): MrtFrame | undefined => {
    for (;;) {
      try {
        return framer.next();
      } catch (error) {
        handle(error);
        framer.recover();
      }
    }
  };
  let done = false;
  const drain = (): void => {
    for (let frame = next(); frame; frame = done ? undefined : next()) {
      records++;
      try {
        visit(frame);
      } catch (error) {
        handle(error);
      }
      done = enough?.() === true;
    }
  };
  for await (const chunk of source) {
    octets += chunk.length;
    framer.push(chunk);
    drain();
    if (done) break;
    const pausing = pause?.();
    if (pausing) await pausing;
  }
  if (!done) {
    framer.end();
    drain();
  }
  return { records, octets, skippedOctets: framer.skippedOctets };
}
