/** -> JSON: octets of the C library's heap that are in memory, before and after freed ones are given back. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { returnFreedMemory } from '@tortie/linux/node';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

function heapOctets(): number {
  const maps = readFileSync('/proc/self/smaps', 'utf8');
  return 1024 * Number(/\[heap\]\n(?:.*\n)*?Rss: +(\d+) kB/.exec(maps)![1]);
}

let buffers = Array.from({ length: 1000 }, () => Buffer.allocUnsafeSlow(64 * 1024).fill(1));
const last = Buffer.allocUnsafeSlow(64 * 1024).fill(1);
buffers = [];
// Freed by a task that comes behind a collection.
while (process.memoryUsage().arrayBuffers > 1024 * 1024) {
  await new Promise((resolve) => setTimeout(resolve, 10));
  gc();
}
const before = heapOctets();
const returned = returnFreedMemory();
console.log(JSON.stringify({ returned, before, after: heapOctets(), kept: buffers.length + last.length }));
