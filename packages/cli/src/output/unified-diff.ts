/** Two texts as `diff -u` shows them. */

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

const CONTEXT = 3;

/** The lines of a unified diff, headers included; none where the texts are the same. */
export function unifiedDiff(
  before: string,
  after: string,
  names: { readonly before: string; readonly after: string },
): string[] {
  if (before === after) return [];
  const lines = compare(linesOf(before), linesOf(after));
  return [`--- ${names.before}`, `+++ ${names.after}`, ...hunks(lines)];
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** By the longest common subsequence; what both begin and end with is set aside first. */
function compare(before: readonly string[], after: readonly string[]): Line[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail))
    tail++;
  const same = (text: string): Line => ({ sign: ' ', text });
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

function middle(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1;
  // length[i * width + j]: of what before[i..] and after[j..] have in common.
  const length = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const [down, right] = [length[(i + 1) * width + j]!, length[i * width + j + 1]!];
      length[i * width + j] = before[i] === after[j] ? length[(i + 1) * width + j + 1]! + 1 : Math.max(down, right);
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ sign: ' ', text: before[i]! });
      i++;
      j++;
    } else if (
      j === after.length ||
      (i < before.length && length[(i + 1) * width + j]! >= length[i * width + j + 1]!)
    ) {
      lines.push({ sign: '-', text: before[i++]! });
    } else {
      lines.push({ sign: '+', text: after[j++]! });
    }
  }
  return lines;
}

function hunks(lines: readonly Line[]): string[] {
  const shown = new Set<number>();
  for (const [index, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    for (let near = Math.max(0, index - CONTEXT); near <= index + CONTEXT && near < lines.length; near++)
      shown.add(near);
  }
  const output: string[] = [];
  let [old, now] = [1, 1];
  for (let index = 0; index < lines.length; ) {
    if (!shown.has(index)) {
      // Nothing that is not shown was changed.
      old++;
      now++;
      index++;
      continue;
    }
    const body: Line[] = [];
    while (index < lines.length && shown.has(index)) body.push(lines[index++]!);
    const [less, more] = [
      body.filter(({ sign }) => sign !== '+').length,
      body.filter(({ sign }) => sign !== '-').length,
    ];
    output.push(`@@ -${place(old, less)} +${place(now, more)} @@`, ...body.map(({ sign, text }) => sign + text));
    old += less;
    now += more;
  }
  return output;
}

/** Where a side has no lines it is named by the line before, as diff does. */
const place = (start: number, count: number): string =>
  count === 1 ? String(start) : `${count === 0 ? start - 1 : start},${count}`;
