/** Walks tables that the speaker keeps per family as one list: a cursor is the family's number and the speaker's own. */
import { FAMILIES, type FamilyName, type Page } from '@tortie/bgp';
import { ValidationError } from '../../src/errors.js';

export interface FamilyPageQuery {
  readonly family?: FamilyName;
  readonly limit?: number;
  readonly cursor?: string;
}

export function familyPage<T>(
  query: FamilyPageQuery,
  read: (family: FamilyName, page: { limit: number; cursor?: number }) => Page<T>,
): { items: T[]; nextCursor?: string } {
  const families = query.family === undefined ? FAMILIES.map(({ name }) => name) : [query.family];
  const limit = query.limit ?? 500;
  let [at, cursor] = parseCursor(query.cursor, families.length);
  const items: T[] = [];
  for (; at < families.length; at++, cursor = undefined) {
    const page = read(families[at]!, { limit: limit - items.length, ...(cursor !== undefined && { cursor }) });
    items.push(...page.items);
    if (page.next !== undefined) return { items, nextCursor: `${at}.${page.next}` };
    if (items.length >= limit && at + 1 < families.length) return { items, nextCursor: `${at + 1}.` };
  }
  return { items };
}

function parseCursor(text: string | undefined, families: number): [at: number, cursor: number | undefined] {
  if (text === undefined) return [0, undefined];
  const match = /^(\d)\.(\d{0,15})$/.exec(text);
  if (!match || Number(match[1]) >= families) {
    throw new ValidationError([
      { pointer: 'cursor', detail: `"${text}" is no cursor; pass on the nextCursor of the page before` },
    ]);
  }
  return [Number(match[1]), match[2] === '' ? undefined : Number(match[2])];
}
