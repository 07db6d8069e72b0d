/** Whether what a command printed has the shape of what a guide shows: times, identifiers and the width of columns do not count. Pure. */

const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME'],
  [/\d\d:\d\d:\d\d(?:\.\d+)?/g, 'TIME'],
  [/\b(?:\d+(?:\.\d+)?(?:ms|µs|[smhd]))+(?![\w/.])/g, 'DURATION'],
  [/\b[0-9a-f]{8}\b/g, 'ID'],
  [/\b(revision|pid|nhid) \d+/g, '$1 N'],
  [/\b\d+ MiB/g, 'N MiB'],
  [/\s+/g, ' '],
];

export const shapeOf = (line: string): string =>
  SHAPES.reduce((text, [from, to]) => text.replace(from, to), line).trim();

/** The first line that does not fit, in words; undefined where all do. */
export function difference(expected: readonly string[], printed: readonly string[]): string | undefined {
  let at = 0;
  for (const [index, line] of expected.entries()) {
    if (line.trim() === '…') {
      const next = expected[index + 1];
      if (next === undefined) return undefined;
      const found = printed.findIndex((each, where) => where >= at && fits(next, each));
      if (found === -1) return `nowhere is: ${next}`;
      at = found;
    } else if (at >= printed.length) return `missing: ${line}`;
    else if (!fits(line, printed[at]!)) return `shown:   ${line}\nprinted: ${printed[at]}`;
    else at++;
  }
  return at < printed.length ? `not shown: ${printed[at]}` : undefined;
}

function fits(shown: string, printed: string): boolean {
  const parts = shapeOf(shown).split('…');
  const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
  return new RegExp(`^${pattern}$`).test(shapeOf(printed));
}
