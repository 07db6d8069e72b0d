/** The matrix as a Markdown page. Pure. */

export interface Cell {
  readonly verdict: 'seen' | 'not offered' | 'failed';
  readonly word?: string;
}

export interface Row {
  readonly feature: { readonly name: string; readonly rfc: string };
  readonly cells: readonly (Cell | undefined)[];
}

const SIGN = { seen: 'yes', 'not offered': '–', failed: '**no**' } as const;

export function matrixText(
  daemons: readonly { readonly name: string; readonly debianPackage: string; readonly version: string }[],
  rows: readonly Row[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const notes: string[] = [];
  const cellText = (cell: Cell | undefined): string => {
    if (!cell) return 'not run';
    if (!cell.word) return SIGN[cell.verdict];
    const text = cell.word.replaceAll(/\s+/g, ' ').replaceAll('|', '/').slice(0, 300);
    let note = notes.indexOf(text);
    if (note < 0) note = notes.push(text) - 1;
    return `${SIGN[cell.verdict]} (${note + 1})`;
  };
  const table = rows.map(({ feature, cells }) =>
    line([feature.name, feature.rfc, ...daemons.map((_, at) => cellText(cells[at]))]),
  );
  return `# Interoperation

Written by \`npm run test:interop\` (test/interop/matrix), which runs a \`tortie agent\` and a daemon of Debian's packages in two network
namespaces for each cell. *yes*: seen to work. *–*: the daemon does not offer it or cannot be configured so. *no*: tried and not seen.

${line(['', 'RFC', ...daemons.map(({ name, version }) => `${name} ${version}`)])}${line(['---', '---', ...daemons.map(() => '---')])}${table.join('')}
${notes.map((note, at) => `${at + 1}. ${note}`).join('\n')}${notes.length > 0 ? '\n' : ''}`;
}
