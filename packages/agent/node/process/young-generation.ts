/**
 * The size of V8's young generation while the agent starts. Loading some 700 modules keeps most of what it allocates, so
 * the young generation doubles up to 32 MB; later it never shrinks again in a process that has little to do. Held at its
 * first size until everything is loaded, the agent at rest needs 10 MB less, and grows as ever under load.
 */
import { setFlagsFromString } from 'node:v8';

/** V8 reads this flag whenever it is about to grow; 2 is its default. */
const growth = (factor: number): void => setFlagsFromString(`--semi-space-growth-factor=${factor}`);

/** Runs `start` with the young generation as small as V8 begins with. */
export async function withSmallYoungGeneration<T>(start: () => Promise<T>): Promise<T> {
  growth(1);
  try {
    return await start();
  } finally {
    growth(2);
  }
}
