/** How resources are called on the command line. */
import { findKind, KINDS, type Kind, kindWords } from '@tortie/cluster';
import { suggest } from '@tortie/cluster/schema';
import { UsageError } from '../failure.js';

/** Throws UsageError with what was probably meant. */
export function kindNamed(word: string): Kind {
  const kind = findKind(word);
  if (kind) return kind;
  const near = suggest(word.toLowerCase(), kindWords());
  const known = `kinds are ${KINDS.map(({ plural }) => plural).join(', ')}`;
  throw new UsageError(`"${word}" is no kind of resource; ${near === undefined ? known : `did you mean ${near}?`}`);
}

/** `bgppeer/tor`. */
export const shortName = (kind: string, name: string): string => `${kind.toLowerCase()}/${name}`;

export const resourcePath = ({ plural }: Kind, name?: string): string =>
  `/v1/resources/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;

export interface Named {
  readonly kind: Kind;
  readonly names: readonly string[];
}

/** `KIND NAME…`, `KIND/NAME…`, or `KIND` alone; several kinds with commas. */
export function namedResources([first = '', ...names]: readonly string[]): Named[] {
  if (!first.includes('/')) {
    const kinds = first.split(',').filter((word) => word !== '');
    if (kinds.length > 1 && names.length > 0) throw new UsageError('with several kinds there can be no names');
    return kinds.map((word) => ({ kind: kindNamed(word), names }));
  }
  return [first, ...names].map((word) => {
    const [kind = '', ...rest] = word.split('/');
    if (rest.length === 0) throw new UsageError(`"${word}" is not KIND/NAME, as the others are`);
    return { kind: kindNamed(kind), names: [rest.join('/')] };
  });
}
