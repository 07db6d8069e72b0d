/** BIRD as a measure: static routes that it has read already, from the moment they are enabled until all are in the kernel. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;
const WAIT_MS = 120_000;

/** Whether BIRD 2 is installed. */
export function hasBird(): boolean {
  try {
    execFileSync('bird', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Seconds; `prefixes` go over `gateway`, which the namespace can reach. */
export async function birdAdds(netns: string, prefixes: readonly string[], gateway: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tortie-bird-'));
  const [config, socket] = [join(folder, 'bird.conf'), join(folder, 'bird.ctl')];
  const routes = prefixes.map((prefix) => `  route ${prefix} via ${gateway};\n`).join('');
  writeFileSync(
    config,
    `router id 10.0.0.1;
protocol device {}
protocol kernel { scan time 3600; ipv4 { import none; export all; }; }
protocol static bench { disabled; ipv4;
${routes}}
`,
  );
  const bird = spawn('ip', ['netns', 'exec', netns, 'bird', '-f', '-c', config, '-s', socket], { stdio: 'inherit' });
  const control = (...words: string[]): string =>
    execFileSync('birdc', ['-s', socket, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const until = async (what: string, isSo: () => boolean): Promise<void> => {
    const end = performance.now() + WAIT_MS;
    while (!isSo()) {
      if (performance.now() > end) throw new Error(`BIRD: ${what}: not within ${WAIT_MS / 1000} s`);
      await sleep(LOOK_EVERY_MS);
    }
  };
  try {
    await until('it answers', () => {
      try {
        return control('show', 'status').includes('up and running');
      } catch {
        return false;
      }
    });
    const before = prefixesInKernel(bird.pid!);
    const start = performance.now();
    control('enable', 'bench');
    await until('all routes', () => prefixesInKernel(bird.pid!) - before >= prefixes.length);
    return (performance.now() - start) / 1000;
  } finally {
    bird.kill();
    await new Promise((resolve) => (bird.exitCode === null ? bird.once('exit', resolve) : resolve(undefined)));
    rmSync(folder, { recursive: true });
  }
}

/** IPv4 prefixes in the tables of the namespace of a process. */
function prefixesInKernel(pid: number): number {
  const text = readFileSync(`/proc/${pid}/net/fib_triestat`, 'latin1');
  return [...text.matchAll(/Prefixes:\s+(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}
