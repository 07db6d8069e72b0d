/** Which nodes use a block, of a record as it stands in the store: what routes depend on, and assignments of its owner do not change. */

interface Readable {
  readonly affinity?: unknown;
  readonly allocations?: unknown;
  readonly attributes?: unknown;
}

/** Differs where a route would. */
export function usersOf(value: unknown): string {
  const { affinity, allocations, attributes } = (value ?? {}) as Readable;
  const owner = typeof affinity === 'string' ? affinity : '';
  if (!Array.isArray(attributes) || !Array.isArray(allocations)) return owner;
  const nodes = attributes.map((one: { readonly node?: unknown } | null) => String(one?.node ?? ''));
  const isGuest = nodes.map((node) => `host:${node}` !== owner);
  if (!isGuest.includes(true)) return owner;
  const guests = allocations.flatMap((at: unknown, ordinal) =>
    typeof at === 'number' && isGuest[at] ? [`${ordinal}=${nodes[at]}`] : [],
  );
  return `${owner} ${guests.join(' ')}`;
}
