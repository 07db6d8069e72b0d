/** `[returns] -> JSON`: by how many octets the heap grows for buffers of 1 MB, once a larger one was freed. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { returnFreedMemory } from '@tortie/linux/node';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
const MB = 1024 * 1024;

function heapOctets(): number {
  const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) .*\[heap\]$/m.exec(readFileSync('/proc/self/maps', 'utf8'))!;
  return Number.parseInt(to!, 16) - Number.parseInt(from!, 16);
}

const returned = process.argv[2] === 'returns' && returnFreedMemory();
let buffers: Buffer[] = [Buffer.allocUnsafeSlow(8 * MB)];
buffers = [];
// Freed by a task that comes behind a collection.
while (process.memoryUsage().arrayBuffers > MB) {
  await new Promise((resolve) => setTimeout(resolve, 10));
  gc();
}
const before = heapOctets();
for (let at = 0; at < 30; at++) buffers.push(Buffer.allocUnsafeSlow(MB));
console.log(JSON.stringify({ returned, grown: heapOctets() - before, buffers: buffers.length }));
