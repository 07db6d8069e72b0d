/**
 * Gives back what a burst of work has left. In a cluster of thousands an agent reads listings of all blocks and nodes when it starts,
 * keeps a few per cent of them, and then has so little to do that V8 has no reason to collect; and what is freed the C library keeps. So a
 * large process that has been busy collects its heap once it has come to rest, and gives back what it can; a small one never does.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A smaller process is none that needs it. */
const LARGE_OCTETS = 120_000_000;
const LOOK_EVERY_MS = 10_000;
const FREED_AFTER_MS = 500;
/** Of a processor: more is work. */
const BUSY = 0.1;

/** For as long as the process runs. */
export function returnUnusedMemory(): void {
  let wasBusy = true;
  let before = process.cpuUsage();
  const look = (): void => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    if ((user + system) / 1000 > BUSY * LOOK_EVERY_MS) wasBusy = true;
    else if (wasBusy) {
      wasBusy = false;
      if (process.memoryUsage.rss() > LARGE_OCTETS) void collect();
    }
  };
  setInterval(look, LOOK_EVERY_MS).unref();
}

/** A new context has `gc` once the flag is set; this one does not. */
async function collect(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  // What a first collection finds finalised goes with the second: buffers of pages that were read.
  gc();
  gc();
  // Buffers are freed by tasks that come behind a collection.
  await new Promise((resolve) => setTimeout(resolve, FREED_AFTER_MS));
  // Not above: the agent loads it, and faster.
  const { returnFreedMemory } = await import('@tortie/linux/node');
  returnFreedMemory();
}
