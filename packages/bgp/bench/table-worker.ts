/** Generates tables in a thread of its own, so that the garbage of making them does not count for the engine. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { generateTable, generateWithdrawals, type Table, type TableOptions } from './generated-table.js';

interface Request {
  readonly kind: 'table' | 'withdrawals';
  readonly options: TableOptions;
}

export function makeTable(kind: Request['kind'], options: TableOptions): Promise<Table> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { kind, options } satisfies Request });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (!isMainThread) {
  const { kind, options } = workerData as Request;
  const table = kind === 'table' ? generateTable(options) : generateWithdrawals(options);
  parentPort!.postMessage(table, [table.bytes.buffer as ArrayBuffer]);
}
