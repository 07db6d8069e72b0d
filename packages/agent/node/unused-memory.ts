/**
 * Gives back what a start has left. In a cluster of thousands an agent reads listings of all blocks and nodes, keeps a few per cent of
 * them, and then has so little to do that V8 has no reason to collect: 400 MB stay where 110 are in use. So the heap is
 * collected once after the start, and again when the process has grown by half since; never where it is small.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A smaller process is none that needs it. */
const LARGE_OCTETS = 140_000_000;
const GROWTH = 1.5;
const FIRST_LOOK_MS = 10_000;
const LOOK_EVERY_MS = 120_000;

/** For as long as the process runs. */
export function returnUnusedMemory(): void {
  let least = LARGE_OCTETS;
  const look = (): void => {
    if (process.memoryUsage.rss() > least) {
      collect();
      least = Math.max(LARGE_OCTETS, process.memoryUsage.rss() * GROWTH);
    }
    setTimeout(look, LOOK_EVERY_MS).unref();
  };
  setTimeout(look, FIRST_LOOK_MS).unref();
}

/** A new context has `gc` once the flag is set; this one does not. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  // What a first collection finds finalised goes with the second: buffers of pages that were read.
  gc();
  gc();
}
