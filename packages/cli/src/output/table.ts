/** Tables: aligned columns, and `-` where there is nothing, so that a column never moves. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | undefined;
  readonly right?: boolean;
  /** How the value is shown on a terminal that has colours. */
  readonly tone?: (row: Row) => Tone | undefined;
}

export type Tone = 'good' | 'bad' | 'dim';

const CODES: Readonly<Record<Tone | 'title', number>> = { good: 32, bad: 31, dim: 2, title: 1 };

const paint = (text: string, tone: Tone | 'title' | undefined, color: boolean): string =>
  color && tone !== undefined && text !== '' ? `\u001b[${CODES[tone]}m${text}\u001b[0m` : text;

const cellText = (value: string | number | undefined): string =>
  value === undefined || value === '' ? '-' : String(value);

/** The table as lines. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], color: boolean): string[] {
  const cells = rows.map((row) => columns.map(({ value }) => cellText(value(row))));
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...cells.map((row) => row[at]!.length)));
  const pad = (text: string, at: number): string => {
    if (columns[at]!.right) return text.padStart(widths[at]!);
    return at === columns.length - 1 ? text : text.padEnd(widths[at]!);
  };
  const header = columns.map(({ title }, at) => paint(pad(title, at), 'title', color)).join('  ');
  const lines = cells.map((row, index) =>
    row.map((text, at) => paint(pad(text, at), columns[at]!.tone?.(rows[index]!), color)).join('  '),
  );
  return [header, ...lines];
}

/** Names and values below each other: `router ID:  10.0.0.1`. Entries without a value are left out. */
export function fields(entries: readonly (readonly [string, string | number | undefined])[]): string[] {
  const shown = entries.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${`${name}:`.padEnd(width + 1)}  ${value}`);
}
