/** What a process holds over time, and whether that grows. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Sample {
  /** Seconds since the start of the soak. */
  readonly atS: number;
  readonly residentMb: number;
  readonly heapMb: number;
  /** Buffers outside the heap. */
  readonly externalMb: number;
  readonly descriptors: number;
  readonly threads: number;
  /** Longest the event loop was late since the sample before. */
  readonly loopDelayMs: number;
  /** Seconds of processor time since the process began. */
  readonly cpuS: number;
}

/** Reads a process from /proc and from its metrics. */
export function takeSample(pid: number, atS: number, metrics: string): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const metric = (name: string): number => {
    const line = metrics.split('\n').find((each) => each.startsWith(`${name} `));
    if (line === undefined) throw new Error(`the agent has no metric ${name}`);
    return Number(line.slice(name.length + 1));
  };
  return {
    atS,
    residentMb: field('VmRSS') / 1024,
    heapMb: metric('nodejs_heap_size_used_bytes') / 2 ** 20,
    externalMb: metric('nodejs_external_memory_bytes') / 2 ** 20,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: field('Threads'),
    loopDelayMs: metric('tortie_event_loop_delay_seconds{quantile="1"}') * 1000,
    cpuS: metric('process_cpu_seconds_total'),
  };
}

const median = (values: readonly number[]): number =>
  [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)] ?? Number.NaN;

export interface Growth {
  readonly name: string;
  readonly early: number;
  readonly late: number;
  readonly grew: boolean;
}

/**
 * Compares the second quarter of the samples with the last one by medians; the first quarter warms up. More than a
 * twentieth and `slack` of growth is a leak, or a soak that is too short to tell.
 */
export function growths(samples: readonly Sample[]): Growth[] {
  const quarter = Math.floor(samples.length / 4);
  const columns: readonly [name: string, slack: number, read: (sample: Sample) => number][] = [
    ['resident MB', 6, ({ residentMb }) => residentMb],
    ['heap MB', 6, ({ heapMb }) => heapMb],
    ['external MB', 4, ({ externalMb }) => externalMb],
    ['file descriptors', 3, ({ descriptors }) => descriptors],
    ['threads', 1, ({ threads }) => threads],
  ];
  return columns.map(([name, slack, read]) => {
    const early = median(samples.slice(quarter, 2 * quarter).map(read));
    const late = median(samples.slice(-quarter).map(read));
    return { name, early, late, grew: !(late <= early * 1.05 + slack) };
  });
}
