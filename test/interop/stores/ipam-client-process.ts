/**
 * One node's address management over etcd, busy until it is told to end by SIGTERM or killed:
 * `node ipam-client-process.js ENDPOINTS NODE HISTORY SEED`. Each line of HISTORY is written before the call it tells of is
 * made, or when its answer has come; a new process goes on with the handles of the one before it.
 */
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { seededRandom } from '@tortie/bgp/testing';
import { formatAddress } from '@tortie/ip';
import { Ipam, IpamError } from '@tortie/ipam';
import { openEtcdStore } from '@tortie/store/etcd';
import { type HistoryLine, operationsOf, type Verb } from './history.js';

const [, , endpoints = '', node = '', file = '', seed = '1'] = process.argv;

/** Most handles that are held at once: together the clients want more than the pool has. */
const MOST_HANDLES = 24;

const random = seededRandom(Number(seed));
const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
const store = openEtcdStore({ endpoints: endpoints.split(','), timeoutMs: 2_000 });
const ipam = new Ipam({
  store,
  now: Date.now,
  random,
  pause: (attempt) => new Promise((resolve) => setTimeout(resolve, random() * Math.min(attempt, 20) * 2)),
});

/** `trying`: an assign without an answer; `releasing`: a release without one. */
const handles = new Map<string, 'trying' | 'held' | 'releasing'>();
let count = 0;

if (existsSync(file)) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  for (const { verb, handle, outcome } of operationsOf(
    node,
    lines.map((line) => JSON.parse(line) as HistoryLine),
  )) {
    if (verb === 'assign') {
      count++;
      if (outcome === 'ok') handles.set(handle, 'held');
      else if (outcome === 'unknown' && !handles.has(handle)) handles.set(handle, 'trying');
    } else if (verb === 'release') {
      if (outcome === 'ok') handles.delete(handle);
      else handles.set(handle, 'releasing');
    }
  }
}

const history = openSync(file, 'a');
const note = (line: HistoryLine): void => {
  writeSync(history, `${JSON.stringify(line)}\n`);
};
const now = (): number => Number(process.hrtime.bigint() / 1000n);

/** Does one operation and writes it down. Gives how it ended. */
async function run(
  verb: Verb,
  handle: string,
  action: () => Promise<readonly string[]>,
): Promise<'ok' | 'refused' | 'unknown'> {
  note({ type: 'call', at: now(), verb, handle });
  try {
    const texts = await action();
    note({ type: 'ok', at: now(), texts });
    return 'ok';
  } catch (error) {
    const { code = String(error) } = error as { readonly code?: string };
    // Address management refuses before it writes; of what the store says only the caller of a read can be sure.
    const type = error instanceof IpamError || verb === 'read' || verb === 'check' ? 'refused' : 'unknown';
    note({ type: verb === 'read' || verb === 'check' ? 'unknown' : type, at: now(), code });
    return type;
  }
}

const textsOf = (assignments: readonly { readonly address: Parameters<typeof formatAddress>[0] }[]): string[] =>
  assignments.map(({ address }) => formatAddress(address));

async function assign(handle: string): Promise<void> {
  const outcome = await run('assign', handle, async () =>
    textsOf(await ipam.assign({ node, handle, count4: 1 + (handle.length % 2) })),
  );
  if (outcome === 'ok') handles.set(handle, 'held');
  else if (outcome === 'unknown' && handles.get(handle) !== 'held') handles.set(handle, 'trying');
  else if (handles.get(handle) === 'trying') handles.set(handle, 'releasing');
}

async function release(handle: string): Promise<void> {
  handles.set(handle, 'releasing');
  const outcome = await run('release', handle, async () => textsOf(await ipam.release({ handle })));
  if (outcome === 'ok') handles.delete(handle);
}

async function turn(): Promise<void> {
  const unsettled = [...handles].find(([, state]) => state !== 'held');
  if (unsettled) {
    await (unsettled[1] === 'trying' ? assign(unsettled[0]) : release(unsettled[0]));
    return;
  }
  const handle = pick([...handles.keys()]);
  const choice = random();
  if (handle === undefined || (choice < 0.45 && handles.size < MOST_HANDLES)) {
    await assign(`${node}-${++count}`);
  } else if (choice < 0.75) {
    await release(handle);
  } else if (choice < 0.83) {
    await assign(handle);
  } else if (choice < 0.93) {
    await run('read', handle, async () => textsOf(await ipam.assignments({ handle })));
  } else if (choice < 0.97) {
    await run('check', '', async () => (await ipam.check()).findings.map(({ code, key }) => `${code} ${key}`));
  } else {
    // A block changes hands: what it holds stays, and others may claim it.
    const block = pick(await ipam.blocksOf(node));
    if (block) await ipam.releaseBlock(node, block.cidr);
  }
}

let ending = false;
process.on('SIGTERM', () => {
  ending = true;
});
while (!ending) {
  // Outside of run() only what no history needs: an outage ends it, and the next turn begins anew.
  await turn().catch((error) => {
    if ((error as { readonly code?: string }).code !== 'ERR_STORE_UNAVAILABLE') throw error;
  });
}
await store.close();
