/** `tortie get`: resources as a table, YAML, JSON or names. */
import type { ResourceList, ResourceView } from '@tortie/agent/api';
import { inOrder, type Resource } from '@tortie/cluster';
import { writeManifest } from '@tortie/cluster/manifest';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';
import { columnsOf } from '../resources/columns.js';
import { type Named, namedResources, resourcePath, shortName } from '../resources/names.js';

interface Options {
  readonly output?: 'yaml' | 'json' | 'wide' | 'name';
  readonly selector?: string;
}

export async function getResources(context: Context, words: readonly string[], options: Options): Promise<void> {
  const wanted = namedResources(words);
  if (options.selector !== undefined && wanted.some(({ names }) => names.length > 0)) {
    throw new UsageError('-l selects among all of a kind: give no names with it');
  }
  const found: { readonly named: Named; readonly resources: readonly Resource[] }[] = [];
  for (const named of wanted) found.push({ named, resources: await fetchResources(context, named, options.selector) });
  const resources = found.flatMap((one) => one.resources).map(inOrder);
  const output = context.json ? 'json' : options.output;
  if (output === 'json') {
    const single = resources.length === 1 && wanted.length === 1 && wanted[0]!.names.length === 1;
    const list = { apiVersion: 'v1', kind: 'List', items: resources };
    context.line(JSON.stringify(single ? resources[0] : list, undefined, 2));
  } else if (output === 'yaml') {
    context.io.stdout.write(writeManifest(resources));
  } else if (output === 'name') {
    context.line(...resources.map(({ kind, metadata }) => shortName(kind, metadata.name)));
  } else {
    const tables = found.map(({ named: { kind }, resources: list }) =>
      list.length === 0 ? [`no ${kind.plural}`] : context.table(columnsOf(kind, output === 'wide'), list),
    );
    for (const [index, lines] of tables.entries()) context.line(...(index > 0 ? ['', ...lines] : lines));
  }
}

/** Those that are named, else all of the kind; records that cannot be read are told on stderr. */
async function fetchResources(context: Context, { kind, names }: Named, labelSelector?: string): Promise<Resource[]> {
  const client = context.client();
  if (names.length > 0) {
    const views: ResourceView[] = [];
    for (const name of names) views.push(await client.get<ResourceView>(resourcePath(kind, name)));
    return views as unknown as Resource[];
  }
  const all: ResourceView[] = [];
  const problems = new Set<string>();
  let cursor: string | undefined;
  do {
    const page: ResourceList = await client.get(resourcePath(kind), { labelSelector, cursor, limit: 1000 });
    all.push(...page.items);
    for (const problem of page.problems) problems.add(problem);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  for (const problem of problems) context.io.stderr.write(`warning: ${problem}\n`);
  return all as unknown as Resource[];
}
