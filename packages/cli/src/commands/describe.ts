/** `tortie describe`: one resource, what of it has no effect, and what happened to it lately. */
import type { EventList, ResourceView } from '@tortie/agent/api';
import { inOrder, type Resource, readResource } from '@tortie/cluster';
import { toYaml } from '@tortie/cluster/manifest';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';
import { since } from '../output/duration.js';
import { fields } from '../output/table.js';
import { namedResources, resourcePath } from '../resources/names.js';

export async function describeResources(context: Context, words: readonly string[]): Promise<void> {
  const wanted = namedResources(words).flatMap(({ kind, names }) => names.map((name) => ({ kind, name })));
  if (wanted.length === 0) throw new UsageError('which one? write KIND NAME; "tortie get KIND" lists them');
  for (const [index, { kind, name }] of wanted.entries()) {
    const view = await context.client().get<ResourceView>(resourcePath(kind, name));
    const { events } = await context.client().get<EventList>('/v1/events', { kind: 'resource', limit: 1000 });
    const own = events.filter(({ subject }) => subject === `${kind.kind}/${name}`).slice(-10);
    const resource = inOrder(view as unknown as Resource & { status?: unknown });
    const warnings = kind.readOnly ? [] : readResource(resource).warnings;
    const { metadata, spec, status } = resource;
    const created = metadata.creationTimestamp;
    if (index > 0) context.line('');
    context.answer({ resource, warnings, events: own }, () => [
      ...fields([
        ['name', metadata.name],
        ['kind', `${kind.kind}${kind.readOnly ? ' (made by nodes)' : ''}`],
        ['labels', pairs(metadata.labels)],
        ['annotations', pairs(metadata.annotations)],
        ['created', created && `${created} (${since(created)} ago)`],
        ['revision', metadata.resourceVersion],
      ]),
      'spec:',
      ...indented(spec),
      ...(status === undefined ? [] : ['status:', ...indented(status)]),
      ...warnings.map(({ pointer, message }) => `warning: ${pointer}: ${message}`),
      ...(own.length === 0 ? [] : ['events of this agent:']),
      ...own.map(({ time, text, cause }) => `  ${time}  ${text}${cause === undefined ? '' : `: ${cause}`}`),
    ]);
  }
}

const pairs = (map: Readonly<Record<string, string>> = {}): string =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

const indented = (value: unknown): string[] =>
  toYaml(value)
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`);
