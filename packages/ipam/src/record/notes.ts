/** What callers keep with a record: labels, annotations and the like. Given back as it was; nothing here reads it. */
export type Notes = Readonly<Record<string, unknown>>;

/** As a part of a record, and of a value read from one; nothing where there are none. */
export function withNotes(notes: unknown): { readonly notes?: Notes } {
  return typeof notes === 'object' && notes !== null && Object.keys(notes).length > 0 ? { notes: notes as Notes } : {};
}
