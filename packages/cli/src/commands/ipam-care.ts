/** `tortie ipam check`, `repair`, `gc` and `release --from-report`. */

import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import type { GarbageReport, IpamCheck, IpamFinding, IpamRepair, LeakReleaseResult } from '@tortie/agent/api';
import type { Context } from '../context.js';
import { NegativeAnswer, UsageError } from '../failure.js';

type Options = Readonly<Record<string, unknown>>;

const findingTable = (context: Context, title: string, findings: readonly IpamFinding[]): string[] =>
  context.table(
    [
      { title, value: ({ code }) => code },
      { title: 'SUBJECT', value: ({ subject }) => subject },
      { title: 'DETAIL', value: ({ detail }) => detail },
    ],
    findings,
  );

export async function checkIpam(context: Context): Promise<void> {
  const check = await context.client().get<IpamCheck>('/v1/ipam/check');
  context.answer(check, ({ findings, leaks = [], node }) => [
    ...(findings.length === 0
      ? ['all invariants hold']
      : [...findingTable(context, 'FINDING', findings), 'what can be cured: tortie ipam repair --dry-run']),
    ...(leaks.length === 0 ? [] : ['', `leaked, as far as ${node} can tell:`, ...leakTable(context, leaks)]),
  ]);
  if (!check.ok) throw new NegativeAnswer();
}

const leakTable = (context: Context, leaks: IpamCheck['leaks']): string[] =>
  context.table(
    [
      { title: 'ADDRESS', value: ({ address }) => address },
      { title: 'NODE', value: ({ node }) => node },
      { title: 'HANDLE', value: ({ handle }) => handle },
      { title: 'WHY', value: ({ reason }) => reason },
    ],
    leaks,
  );

export async function repairIpam(context: Context, { dryRun }: Options): Promise<void> {
  const body = dryRun ? { dryRun: true } : {};
  const { body: report } = await context.client().call<IpamRepair>('POST', '/v1/ipam/repair', { body });
  context.answer(report, ({ repairs, remaining }) => [
    ...(repairs.length === 0 ? ['nothing to repair'] : findingTable(context, dryRun ? 'WOULD DO' : 'DONE', repairs)),
    ...(remaining.length === 0 ? [] : ['', ...remainingLines(context, remaining)]),
  ]);
  if (report.remaining.length > 0) throw new NegativeAnswer();
}

const remainingLines = (context: Context, remaining: IpamRepair['remaining']): string[] => [
  ...findingTable(context, 'LEFT', remaining),
  ...[...new Map(remaining.map(({ code, advice }) => [code, advice]))].map(([code, advice]) => `${code}: ${advice}`),
];

export async function collectGarbage(context: Context, { dryRun }: Options): Promise<void> {
  const body = dryRun ? { dryRun: true } : {};
  const { body: report } = await context.client().call<GarbageReport>('POST', '/v1/ipam/gc', { body });
  context.answer(report, ({ freed, candidates }) => [
    ...(freed.length === 0 ? ['nothing to free'] : findingTable(context, dryRun ? 'WOULD FREE' : 'FREED', freed)),
    ...(candidates.length === 0 ? [] : ['', ...findingTable(context, 'LATER, IF STILL SO', candidates)]),
  ]);
}

/** What every report says is leaked; the agent looks at each once more. */
export async function releaseLeaks(context: Context, handle: string | undefined, options: Options): Promise<void> {
  if (handle !== undefined) throw new UsageError('--from-report takes its handles from the reports');
  const reports = await Promise.all((options.fromReport as readonly string[]).map(readReport));
  const clusters = new Set(reports.map(({ cluster }) => cluster));
  if (clusters.size > 1) throw new UsageError(`the reports are of different stores: ${[...clusters].join(', ')}`);
  const name = ({ address, handle: of, sequence }: IpamCheck['leaks'][number]): string =>
    `${address} ${of} ${sequence}`;
  const others = reports.slice(1).map(({ leaks }) => new Set(leaks.map(name)));
  const leaks = reports[0]!.leaks
    .filter((leak) => others.every((names) => names.has(name(leak))))
    .map(({ address, handle: of, sequence }) => ({ address, handle: of, sequence }));
  const body = { cluster: reports[0]!.cluster, leaks };
  const { body: result } = await context.client().call<LeakReleaseResult>('POST', '/v1/ipam/leaks/release', { body });
  context.answer(result, ({ released, kept }) => [
    `released ${released.length} of ${leaks.length} addresses`,
    ...(kept.length === 0
      ? []
      : context.table(
          [
            { title: 'KEPT', value: ({ address }) => address },
            { title: 'HANDLE', value: ({ handle: of }) => of },
            { title: 'WHY', value: ({ reason }) => reason },
          ],
          kept,
        )),
  ]);
}

async function readReport(file: string): Promise<IpamCheck> {
  const name = file === '-' ? 'standard input' : file;
  const content = await (file === '-' ? textOf(process.stdin) : readFile(file, 'utf8')).catch((error: Error) => {
    throw new UsageError(`${name}: ${error.message}`);
  });
  try {
    const report = JSON.parse(content) as IpamCheck;
    if (typeof report.cluster === 'string' && Array.isArray(report.leaks)) return report;
  } catch {}
  throw new UsageError(`${name} is no report; make one: tortie ipam check --json > FILE`);
}
