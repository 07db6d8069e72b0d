/** Names of files with their time in them: `rib.%Y%m%d.%H%M.mrt`. */

const FIELDS: Readonly<Record<string, { readonly digits: number; value(date: Date): number }>> = {
  Y: { digits: 4, value: (date) => date.getUTCFullYear() },
  m: { digits: 2, value: (date) => date.getUTCMonth() + 1 },
  d: { digits: 2, value: (date) => date.getUTCDate() },
  H: { digits: 2, value: (date) => date.getUTCHours() },
  M: { digits: 2, value: (date) => date.getUTCMinutes() },
  S: { digits: 2, value: (date) => date.getUTCSeconds() },
};

/** What is wrong with a pattern and what would be right; undefined for a good one. */
export function filePatternFault(pattern: string): string | undefined {
  if (!/^[A-Za-z0-9._%-]+$/.test(pattern) || pattern.startsWith('.')) {
    return `"${pattern}" is no name of a file; write letters, digits, dots, dashes and the time, like rib.%Y%m%d.%H%M.mrt`;
  }
  const unknown = /%([^YmdHMS]|$)/.exec(pattern);
  if (unknown) return `"${pattern}" has ${unknown[0]}; known are %Y %m %d %H %M %S`;
  return /%/.test(pattern) ? undefined : `"${pattern}" has no time, so all files would be one; add %Y%m%d.%H%M`;
}

export const formatFileName = (pattern: string, atMs: number): string =>
  pattern.replace(/%([YmdHMS])/g, (_, letter: string) => {
    const { digits, value } = FIELDS[letter]!;
    return String(value(new Date(atMs))).padStart(digits, '0');
  });

/** Matches the names that a pattern gives, also those that a number was put to as the name was taken: `name-2.mrt`. */
export function fileNameMatcher(pattern: string, gzip: boolean): RegExp {
  const { stem, ending } = splitEnding(pattern);
  const expressionOf = (text: string): string =>
    text
      .split(/%([YmdHMS])/)
      .map((part, index) => (index % 2 === 0 ? part.replace(/[.-]/g, '\\$&') : `\\d{${FIELDS[part]!.digits}}`))
      .join('');
  return new RegExp(`^${expressionOf(stem)}(-\\d+)?${expressionOf(ending)}${gzip ? '\\.gz' : ''}$`);
}

/** The name with a number before its ending; the first has none. */
export function numberedName(name: string, number: number): string {
  if (number <= 1) return name;
  const { stem, ending } = splitEnding(name);
  return `${stem}-${number}${ending}`;
}

function splitEnding(name: string): { stem: string; ending: string } {
  const dot = name.lastIndexOf('.');
  const ending = /^\.[A-Za-z]+$/.exec(name.slice(dot)) ? name.slice(dot) : '';
  return { stem: ending === '' ? name : name.slice(0, dot), ending };
}

/** The next multiple of an interval in UTC. */
export const nextMultiple = (nowMs: number, intervalS: number): number =>
  (Math.floor(nowMs / (intervalS * 1000)) + 1) * intervalS * 1000;

/** The multiple of an interval in UTC that a time lies behind. */
export const multipleBefore = (nowMs: number, intervalS: number): number =>
  Math.floor(nowMs / (intervalS * 1000)) * intervalS * 1000;
