/**
 * `npm run fuzz`: searches for inputs that break a law, target by target in turns, until its time is up. Findings, the
 * corpus and the figures go to packages/bgp/dist/fuzz-run; with --keep the small corpus of the repository is written anew.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { readCorpus, writeCorpus } from './corpus-file.js';
import { Fuzzer } from './engine/fuzzer.js';
import { COUNTERS, instrumentTree } from './engine/instrument.js';
import type { Target } from './target.js';

const USAGE = `npm run fuzz -- [TARGET…] [--minutes 10] [--turn 60] [--seed N] [--out DIR] [--seeds DIR]
    [--keep] [--input HEX]
  TARGET     decoder, session, mrt, bmp, fsm; all of them without one
  --minutes  how long in all
  --turn     seconds of one target before the next
  --out      where findings, corpus and figures go, and where a run before left its corpus
  --seeds    recorded data of others; default ../shared/corpus beside the repository, where that is there
  --input    hex digits: runs this one input of the first target, and says what fails
  --keep     write the small corpus to packages/bgp/test/fixtures/fuzz`;

/** Of the corpus that --keep writes, by target: more would weigh on the repository and on npm test. */
const KEPT_OCTETS = 30_000;

const dist = join(dirname(fileURLToPath(import.meta.url)), '..');
const fixtures = join(dist, '..', 'test', 'fixtures');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    turn: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    out: { type: 'string', default: join(dist, 'fuzz-run') },
    seeds: { type: 'string', default: join(dist, '..', '..', '..', '..', 'shared', 'corpus') },
    input: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

interface Figures {
  cpuS: number;
  executions: number;
  covered: number;
  features: number;
  corpus: number;
  heaviest: number;
}

mkdirSync(values.out, { recursive: true });
const instrumented = mkdtempSync(join(dist, 'instrumented-'));
const counters = new Uint32Array(32_768);
Object.assign(globalThis, { [COUNTERS]: counters });
const places = instrumentTree(dist, instrumented, ['src', 'testing', 'fuzz'], 'src');
if (places.length > counters.length) throw new Error(`${places.length} counters, room for ${counters.length}`);
// Imported from there, so that the targets and what they test are the counting copies.
const load = async <T>(path: string): Promise<T> => (await import(pathToFileURL(join(instrumented, path)).href)) as T;
const { TARGETS } = await load<{ TARGETS: readonly Target[] }>('fuzz/targets/targets.js');
const { foundInputs } = await load<typeof import('./seeds.js')>('fuzz/seeds.js');
rmSync(instrumented, { recursive: true });

const unknown = positionals.find((name) => !TARGETS.some((target) => target.name === name));
if (unknown !== undefined) {
  console.error(`there is no target "${unknown}"\n${USAGE}`);
  process.exit(2);
}
let seed = Number(values.seed);
const random = (): number => {
  seed = (seed + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
};
console.log(`seed ${values.seed}, ${places.length} counters`);

const active = counters.subarray(0, places.length);
const fuzzers = TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name)).map(
  (target) => new Fuzzer(target, active, random),
);
const file = (name: string): string => join(values.out, name);
const figuresOf = (path: string): Figures | undefined =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Figures) : undefined;
const before = new Map(fuzzers.map(({ target }) => [target.name, figuresOf(file(`${target.name}.json`))]));
const cpuS = new Map<string, number>();
const cpuNow = (): number => (({ user, system }) => (user + system) / 1e6)(process.cpuUsage());
const reported = new Set<string>();

function report(fuzzer: Fuzzer): void {
  const { name } = fuzzer.target;
  for (const finding of fuzzer.findings.values()) {
    if (reported.has(finding.key)) continue;
    reported.add(finding.key);
    const input = fuzzer.minimize(finding);
    const hex = Buffer.from(input).toString('hex');
    const text = `${name}: ${finding.error.stack}\n${input.length} octets: ${hex}\n`;
    console.log(`FOUND ${text}`);
    writeFileSync(
      file(`finding-${name}-${createHash('sha1').update(finding.key).digest('hex').slice(0, 12)}.txt`),
      text,
    );
  }
  const past = before.get(name);
  const figures: Figures = {
    cpuS: Math.round((past?.cpuS ?? 0) + (cpuS.get(name) ?? 0)),
    executions: (past?.executions ?? 0) + fuzzer.executions,
    covered: fuzzer.covered,
    features: fuzzer.features,
    corpus: fuzzer.corpus.length,
    heaviest: Math.max(past?.heaviest ?? 0, fuzzer.heaviest),
  };
  writeFileSync(file(`${name}.json`), `${JSON.stringify(figures)}\n`);
  writeCorpus(file(`${name}.corpus`), fuzzer.corpus);
  const rate = Math.round(fuzzer.executions / (cpuS.get(name) ?? 1));
  console.log(
    `${new Date().toISOString()} ${name}: ${fuzzer.executions} runs, ${rate}/s, ${figures.covered} counters, ${figures.features} features, ${figures.corpus} inputs, ${fuzzer.findings.size} findings, heaviest ${figures.heaviest.toFixed(2)}`,
  );
}

if (values.input !== undefined) {
  const [fuzzer] = fuzzers;
  fuzzer!.try(Uint8Array.from(Buffer.from(values.input, 'hex')));
  report(fuzzer!);
  process.exit(fuzzer!.findings.size > 0 ? 1 : 0);
}

const endMs = Date.now() + Number(values.minutes) * 60_000;
function turn(fuzzer: Fuzzer, work: (untilMs: number) => void): void {
  const start = cpuNow();
  work(Math.min(endMs, Date.now() + Number(values.turn) * 1000));
  cpuS.set(fuzzer.target.name, (cpuS.get(fuzzer.target.name) ?? 0) + cpuNow() - start);
  report(fuzzer);
}

for (const fuzzer of fuzzers) {
  const { name } = fuzzer.target;
  turn(fuzzer, () => {
    for (const input of fuzzer.target.seeds()) fuzzer.try(input);
    for (const input of readCorpus(join(fixtures, 'fuzz', `${name}.corpus`))) fuzzer.try(input);
    for (const input of readCorpus(file(`${name}.corpus`))) fuzzer.try(input);
    for (const input of foundInputs(name, values.seeds, fixtures)) fuzzer.try(input);
  });
}
while (Date.now() < endMs) {
  for (const fuzzer of fuzzers) {
    turn(fuzzer, (untilMs) => {
      while (Date.now() < untilMs) fuzzer.search(fuzzer.target.name === 'session' ? 20 : 500);
    });
  }
}

if (values.keep) {
  mkdirSync(join(fixtures, 'fuzz'), { recursive: true });
  for (const fuzzer of fuzzers)
    writeCorpus(join(fixtures, 'fuzz', `${fuzzer.target.name}.corpus`), fuzzer.smallCorpus(KEPT_OCTETS));
}
const missed = new Map<string, [number, number]>();
for (const [counter, place] of places.entries()) {
  const [reached, all] = missed.get(place) ?? [0, 0];
  missed.set(place, [reached + (fuzzers.some((fuzzer) => fuzzer.reached(counter)) ? 1 : 0), all + 1]);
}
writeFileSync(
  file('coverage.txt'),
  [...missed].map(([place, [reached, all]]) => `${reached}/${all} ${place}\n`).join(''),
);
const found = fuzzers.reduce((sum, { findings }) => sum + findings.size, 0);
console.log(`${found} findings; see ${values.out}`);
process.exitCode = found > 0 ? 1 : 0;
