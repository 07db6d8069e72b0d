/**
 * Spells the shorthands of a topology out: a single name where a list may stand, a number of pods, an empty host, and
 * `defaults` for all hosts. Whatever is of another shape is left as it is, for the schema to judge.
 */
type Plain = Record<string, unknown>;

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asList = (value: unknown): unknown => (typeof value === 'string' ? [value] : value);

const asPair = (value: unknown): unknown => (Array.isArray(value) ? value.map(asList) : value);

const mapValues = (value: unknown, change: (item: unknown, key: string) => unknown): unknown =>
  isPlain(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item, key)])) : value;

/** `pods: 2` is two pods, named `pod-1` and `pod-2`. */
const asPods = (value: unknown): unknown =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 64
    ? Array.from({ length: value }, (_, index) => `pod-${index + 1}`)
    : value;

function host(value: unknown, defaults: Plain): unknown {
  const own = value ?? {};
  if (!isPlain(own)) return own;
  const whole: Plain = { ...defaults, ...own };
  return 'pods' in whole ? { ...whole, pods: asPods(whole.pods) } : whole;
}

function session(value: unknown): unknown {
  if (!isPlain(value)) return value;
  const whole: Plain = { ...value };
  for (const key of ['mesh', 'reflector', 'clients']) if (key in whole) whole[key] = asList(whole[key]);
  if ('between' in whole) whole.between = asPair(whole.between);
  return whole;
}

function network(value: unknown): unknown {
  const own = value ?? {};
  return isPlain(own) && 'hosts' in own ? { ...own, hosts: asList(own.hosts) } : own;
}

export function spellOut(value: unknown): unknown {
  if (!isPlain(value)) return value;
  const { defaults, ...whole } = value;
  const common = isPlain(defaults) ? defaults : {};
  if ('hosts' in whole) whole.hosts = mapValues(whole.hosts, (item) => host(item, common));
  if ('networks' in whole) whole.networks = mapValues(whole.networks, network);
  if (Array.isArray(whole.sessions)) whole.sessions = whole.sessions.map(session);
  if (Array.isArray(whole.links)) whole.links = whole.links.map(asPair);
  return whole;
}
