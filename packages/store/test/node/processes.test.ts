/** Several processes on one store directory: nothing is lost whoever is killed when, and watches see each other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FileLock, tryLockFile } from '@tortie/linux/node';
import t from 'tap';
import { openLmdbStore } from '../../node/index.js';

// How long it takes is the machine's affair, not a fault.
t.setTimeout(300_000);

const root = mkdtempSync(join(tmpdir(), 'tortie-store-'));
const workers = new Set<ChildProcess>();
t.teardown(() => {
  for (const worker of workers) worker.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

interface Worker {
  readonly name: string;
  readonly process: ChildProcess;
  acknowledged: number;
  /** Or, of an opener, times it has opened the store. */
  conflicts: number;
  errors: string;
  /** Its exit code and signal, once its output has ended. */
  readonly ended: Promise<unknown[]>;
}

function startWorker(directory: string, name: string, script = 'worker.js'): Worker {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), directory, name]);
  workers.add(child);
  const ended = once(child, 'close');
  const worker: Worker = { name, process: child, acknowledged: 0, conflicts: 0, errors: '', ended };
  child.stdout.on('data', (chunk: Buffer) => {
    for (const letter of chunk) {
      if (letter === 97) worker.acknowledged++;
      else worker.conflicts++;
    }
  });
  child.stderr.on('data', (chunk: Buffer) => {
    worker.errors += chunk.toString();
  });
  return worker;
}

/** Kills it once so many of its commits were acknowledged and every other had one; gives how it ended: no other way. */
async function killAfter(worker: Worker, commits: number, others: readonly Worker[] = []): Promise<unknown[]> {
  const look = (): void => {
    const running = others.every(({ acknowledged }) => acknowledged > 0);
    if (running && worker.acknowledged >= commits) worker.process.kill('SIGKILL');
  };
  worker.process.stdout!.on('data', look);
  look();
  const ended = await worker.ended;
  workers.delete(worker.process);
  return ended;
}

t.test('processes killed at any moment lose no acknowledged commit and leave none half done', async (t) => {
  const directory = join(root, 'kill');
  const all: Worker[] = [];
  for (let round = 0; round < 2; round++) {
    const group = [0, 1, 2].map((at) => startWorker(directory, `${round}-${at}`));
    all.push(...group);
    await Promise.all(group.map((worker) => killAfter(worker, 20 + Math.floor(Math.random() * 80), group)));
  }
  const store = openLmdbStore(directory);
  const sum = async (prefix: string): Promise<number> => {
    const { entries } = await store.list(prefix);
    return entries.reduce((total, { value }) => total + (value as number), 0);
  };
  for (const { name, acknowledged, errors } of all) {
    t.equal(errors, '', `worker ${name} saw no error`);
    const value = ((await store.get(`/worker/${name}`))?.value ?? 0) as number;
    t.ok(value >= acknowledged, `worker ${name}: ${acknowledged} acknowledged, ${value} stored`);
    t.ok(value <= acknowledged + 1, 'and at most the one in flight more');
  }
  t.equal(await sum('/shared/'), await sum('/worker/'), 'both counters of a commit were raised or none');
  t.ok(
    all.some(({ conflicts }) => conflicts > 0),
    'they did contend',
  );
  await store.close();
});

/** Whether the kernel has the process wait for a lock (flock). */
const waitsForLock = ({ process }: Worker): boolean =>
  new RegExp(`-> FLOCK +ADVISORY +WRITE ${process.pid} `).test(readFileSync('/proc/locks', 'utf8'));

async function until(condition: () => unknown): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

t.test('opening, committing and closing exclude each other', async (t) => {
  const directory = join(root, 'gate');
  await openLmdbStore(directory).close();
  const hold = async (): Promise<FileLock> => {
    let lock: FileLock | undefined;
    await until(() => (lock = tryLockFile(join(directory, 'gate'))));
    return lock!;
  };
  const opening = await hold();
  const opener = startWorker(directory, 'opener', 'opener.js');
  await until(() => waitsForLock(opener) || opener.conflicts > 0);
  t.equal(opener.conflicts, 0, 'it waits before it has opened the store');
  opening.release();
  await until(() => opener.acknowledged > 0);
  await killAfter(opener, 0);

  const committer = startWorker(directory, 'committer');
  await until(() => committer.acknowledged > 0);
  const committing = await hold();
  const before = committer.acknowledged;
  // One that was acknowledged before the lock was taken may still be on its way to us.
  await until(() => waitsForLock(committer) || committer.acknowledged > before + 50);
  t.ok(waitsForLock(committer), 'it waits before it commits');
  committing.release();
  await killAfter(committer, before + 2);
});

t.test('processes that open and close beside it take no commit away', async (t) => {
  const directory = join(root, 'open');
  const openers = ['a', 'b'].map((name) => startWorker(directory, name, 'opener.js'));
  const opened = (): boolean => openers.every(({ acknowledged, errors }) => acknowledged >= 50 || errors !== '');
  const store = openLmdbStore(directory);
  let written = 0;
  for (let revision = 0; !opened() || written < 500; written++) {
    const entry = await store.get('/own');
    if ((entry?.value ?? 0) !== written) break;
    revision = entry ? await store.update('/own', written + 1, revision) : await store.create('/own', 1);
    await new Promise(setImmediate);
  }
  t.equal((await store.get('/own'))?.value, written, 'every acknowledged commit is there');
  for (const opener of openers) {
    t.strictSame(await killAfter(opener, 0), [null, 'SIGKILL'], 'it has not ended by itself');
    t.equal(opener.errors, '');
  }
  await store.close();
});

t.test('a watch wakes for commits of other processes through inotify alone', async (t) => {
  const directory = join(root, 'watch');
  const store = openLmdbStore(directory, { safetyMs: 3_600_000 });
  const { revision } = await store.list('/worker/');
  const stop = new AbortController();
  const worker = startWorker(directory, 'w');
  let last = 0;
  for await (const event of store.watch('/worker/', revision, { signal: stop.signal })) {
    t.equal(event.type, 'put');
    const value = event.type === 'put' ? (event.value as number) : 0;
    t.ok(value > last, 'values rise');
    last = value;
    if (value > 100) break;
  }
  const killed = killAfter(worker, 0);
  worker.process.kill('SIGKILL');
  await killed;
  await store.close();
});

t.test('a reader too far behind is told so, also when others wrote', async (t) => {
  const directory = join(root, 'compact');
  const store = openLmdbStore(directory, { keepCommits: 50 });
  const worker = startWorker(directory, 'w');
  await killAfter(worker, 300);
  await t.rejects(store.changes('/worker/', 1), { code: 'ERR_STORE_COMPACTED' });
  await store.close();
});
