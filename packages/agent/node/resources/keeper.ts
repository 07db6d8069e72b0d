/** Where the resources of a kind are kept, whatever that is: records of their own, or those of address management. */
import type { Resource } from '@tortie/cluster';
import type { Fault } from '@tortie/cluster/schema';

/** A resource as it stands. `metadata.resourceVersion` is its revision; absent where nobody has written it. */
export type Present = Resource & { readonly status?: Readonly<Record<string, unknown>> };

export interface PageRequest {
  /** Of the page before. */
  readonly cursor?: string;
  readonly limit: number;
}

export interface ListedPage {
  readonly resources: readonly Present[];
  /** Records that cannot be read, as sentences. */
  readonly problems: readonly string[];
  /** Absent: this is the last page. */
  readonly next?: string;
}

/** Of kinds that nodes make. */
export interface ReadKeeper {
  /** Some of them, in the order of their records. Of kinds that are few, in the order of their names. */
  page(request: PageRequest): Promise<ListedPage>;
  get(name: string): Promise<Present | undefined>;
}

export interface Keeper extends ReadKeeper {
  /** What the resource is once it is stored: with the defaults that are kept with it. */
  filled(resource: Resource): Resource;
  /** What only the present state can tell: fields that never change, addresses of another pool. */
  check(resource: Resource, present: Present | undefined): Promise<readonly Fault[]>;
  /** Writes it over what was present, or where nothing was; throws a conflict where that has changed. */
  write(resource: Resource, present: Present | undefined): Promise<void>;
  /** Throws a conflict where it has changed. `force`: also where it is in use, as far as a kind knows of such. */
  remove(present: Present, options?: { readonly force?: boolean }): Promise<void>;
  /** Why it may only be removed by force, as a sentence. Absent: nothing speaks against it. */
  inUse?(present: Present): Promise<string | undefined>;
}

/** A page of a kind of which there are few, so that all of them were read. */
export function pageOf(all: readonly Present[], { cursor = '', limit }: PageRequest): ListedPage {
  const rest = [...all]
    .filter(({ metadata: { name } }) => name > cursor)
    .sort((x, y) => (x.metadata.name < y.metadata.name ? -1 : 1));
  const resources = rest.slice(0, limit);
  return { resources, problems: [], ...(rest.length > limit && { next: resources.at(-1)!.metadata.name }) };
}

/** The revision to build on; undefined where nobody has written the resource. */
export const revisionOf = ({ metadata: { resourceVersion } }: Resource): number | undefined =>
  resourceVersion === undefined ? undefined : Number(resourceVersion);
