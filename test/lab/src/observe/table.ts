/** The lab as a table for a terminal. Pure: text in lines, styled only where asked. */
import type { FamilyKey } from '../topology/plan.js';
import type { HostSnapshot } from './host-snapshot.js';
import type { Probe } from './reachability.js';
import type { LabSnapshot } from './snapshot.js';

export interface TableOptions {
  readonly color: boolean;
}

type Paint = (text: string) => string;
interface Brush {
  readonly good: Paint;
  readonly bad: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
}

const ansi =
  (code: number): Paint =>
  (text) =>
    `\u001b[${code}m${text}\u001b[0m`;
const plain: Paint = (text) => text;
const brushFor = (color: boolean): Brush =>
  color
    ? { good: ansi(32), bad: ansi(31), dim: ansi(2), bold: ansi(1) }
    : { good: plain, bad: plain, dim: plain, bold: plain };

export function labTable(snapshot: LabSnapshot, { color }: TableOptions): string[] {
  const brush = brushFor(color);
  return [
    ...sessionLines(snapshot.hosts, brush),
    '',
    ...routeLines(snapshot.hosts, brush),
    ...(snapshot.pods.length > 0 ? ['', ...matrixLines(snapshot, brush)] : []),
  ];
}

/** Whether it has converged, and else what is missing. */
export const labState = (snapshot: LabSnapshot, { color }: TableOptions): string[] =>
  stateLines(snapshot, brushFor(color));

interface Cell {
  readonly text: string;
  readonly paint?: Paint;
  readonly right?: boolean;
}

/** Rows of cells, each column as wide as its widest cell; paint is put on after padding. */
function columns(header: readonly string[], rows: readonly (readonly Cell[])[], { dim }: Brush): string[] {
  const widths = header.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.text.length)));
  const line = (cells: readonly Cell[]): string =>
    cells
      .map(({ text, paint = plain, right }, at) => {
        const last = at === cells.length - 1;
        return paint(right ? text.padStart(widths[at]!) : last ? text : text.padEnd(widths[at]!));
      })
      .join('  ');
  const right = (at: number): boolean => rows.length > 0 && rows.every((row) => row[at]!.right === true);
  const titles = header.map((text, at) => ({ text, paint: dim, ...(right(at) ? { right: true } : {}) }));
  return [line(titles), ...rows.map(line)];
}

const number = (value: number): Cell => ({ text: String(value), right: true });

function sessionLines(hosts: readonly HostSnapshot[], brush: Brush): string[] {
  const rows = hosts.flatMap((host) =>
    host.sessions.map(({ peer, remoteAddress, remoteAsn, type, state, received, advertised }): Cell[] => [
      { text: host.name },
      { text: host.run },
      { text: peer },
      { text: remoteAddress },
      { text: `AS${remoteAsn}` },
      { text: type },
      { text: state, paint: state === 'established' ? brush.good : brush.bad },
      number(received),
      number(advertised),
    ]),
  );
  return columns(['HOST', 'RUNS', 'PEER', 'ADDRESS', 'ASN', 'TYPE', 'SESSION', 'IN', 'OUT'], rows, brush);
}

function routeLines(hosts: readonly HostSnapshot[], brush: Brush): string[] {
  const routers = hosts.filter(({ run, error }) => run !== 'etcd' || error !== undefined);
  const rows = routers.map(({ name, learned, kernel, blocks, error }): Cell[] => [
    { text: name },
    number(learned.ipv4),
    number(learned.ipv6),
    number(kernel.routes),
    number(kernel.multipath),
    { ...number(kernel.failed.length), paint: kernel.failed.length > 0 ? brush.bad : plain },
    error === undefined ? { text: blocks.join(' ') } : { text: error.split('\n')[0]!, paint: brush.bad },
  ]);
  return columns(['HOST', 'RIB IPv4', 'RIB IPv6', 'KERNEL', 'ECMP', 'FAILED', 'OWN BLOCKS'], rows, brush);
}

/** One row per pod; `46` reaches over both, `4-` over IPv4 only, `--` not at all. */
function matrixLines({ pods, probes, families }: LabSnapshot, brush: Brush): string[] {
  const answered = new Map(probes.map((probe: Probe) => [`${probe.from} ${probe.to} ${probe.family}`, probe.ok]));
  const cell = (from: string, to: string): Cell => {
    if (from === to) return { text: '·', paint: brush.dim };
    const marks = families.map((family: FamilyKey) =>
      answered.get(`${from} ${to} ${family}`) ? family.slice(3) : '-',
    );
    return { text: marks.join(''), paint: marks.includes('-') ? brush.bad : brush.good };
  };
  const rows = pods.map((from, at): Cell[] => [
    { text: String(at + 1), right: true },
    { text: from.name },
    { text: from.addresses.ipv4 ?? '' },
    { text: from.addresses.ipv6 ?? '' },
    ...pods.map((to) => cell(from.name, to.name)),
  ]);
  const names = new Set(pods.map(({ name }) => name));
  const others = probes.filter(({ from, to }) => !names.has(from) || !names.has(to));
  const good = others.filter(({ ok }) => ok).length;
  const paint = good === others.length ? brush.good : brush.bad;
  return [
    ...columns(['', 'POD', 'IPv4', 'IPv6', ...pods.map((_, at) => String(at + 1))], rows, brush),
    ...(others.length > 0 ? [`between nodes and pods: ${paint(`${good} of ${others.length}`)} answers`] : []),
  ];
}

function stateLines({ reasons }: LabSnapshot, brush: Brush): string[] {
  if (reasons.length === 0)
    return [brush.good('converged: every session is up, every route in place, every pod reached')];
  const shown = reasons.slice(0, 6).map((reason) => `  ${reason.split('\n')[0]}`);
  const more = reasons.length > shown.length ? [`  and ${reasons.length - shown.length} more`] : [];
  return [brush.bad(`not converged: ${reasons.length} missing`), ...shown, ...more];
}
