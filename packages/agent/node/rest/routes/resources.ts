/** /v1/resources: the cluster's resources, one shape for every kind; /v1/apply: many of them at once. */
import {
  API_VERSION,
  findKind,
  jsonSchemaOf,
  KINDS,
  type Kind,
  kindWords,
  type Resource,
  readResource,
} from '@tortie/cluster';
import { anyGroup, formatFault, suggest } from '@tortie/cluster/schema';
import { parseSelector } from '@tortie/ipam';
import {
  ApplyAnswer,
  ApplyRequest,
  DeleteQuery,
  DryRunQuery,
  KindList,
  ResourceChange,
  ResourceList,
  ResourceListQuery,
  ResourcePatch,
  ResourceView,
} from '../../../src/api/resource.js';
import { Type } from '../../../src/api/type.js';
import { AgentError, ValidationError } from '../../../src/errors.js';
import { mergePatch } from '../../../src/merge-patch.js';
import { applyResources } from '../../resources/apply.js';
import { type Keeper, type Present, revisionOf } from '../../resources/keeper.js';
import { Keepers } from '../../resources/keepers.js';
import { isLostRace, type PutOutcome, putResource } from '../../resources/put-resource.js';
import { IfMatch } from '../params.js';
import type { Resource as RestResource } from '../resources.js';
import { checkMatch, etagOf } from '../stored.js';

const tags = ['resources'];
const KindParams = Type.Object({ kind: Type.String({ minLength: 1, maxLength: 64 }) });
const ResourceParams = Type.Object({ ...KindParams.properties, name: Type.String({ minLength: 1, maxLength: 253 }) });
const Conditions = Type.Object({
  ...IfMatch.properties,
  'if-none-match': Type.Optional(Type.String({ description: '*: only if it is not there yet; else 412' })),
});
const AnyResource = Type.Object(
  { apiVersion: Type.Optional(Type.String()), kind: Type.Optional(Type.String()) },
  { description: 'apiVersion, kind, metadata and spec, as a manifest has them' },
);

/** Manifests of a whole cluster. */
const APPLY_LIMIT = 16 * 1024 * 1024;

export const resourceRoutes: RestResource = (context) => async (app) => {
  const { journal, store, ipam, config } = context;
  const keepers = new Keepers({ store, ipam, config });

  const changed = ({ result, after: { kind, metadata } }: PutOutcome): void =>
    journal.event({
      kind: 'resource',
      subject: `${kind}/${metadata.name}`,
      text: `${kind} "${metadata.name}" ${result}`,
      cause: 'asked for by the API',
    });
  const found = async (kind: Kind, name: string): Promise<Present> => {
    const present = await keepers.reader(kind.kind).get(name);
    if (!present) throw new AgentError('ERR_AGENT_NOT_FOUND', `there is no ${kind.kind} "${name}"`);
    return present;
  };
  const put = async (kind: Kind, name: string, document: unknown, options: Parameters<typeof putResource>[2]) => {
    const keeper = writable(keepers, kind);
    const { resource, faults, warnings } = readResource({
      apiVersion: API_VERSION,
      kind: kind.kind,
      ...(document as object),
    });
    if (!resource) {
      throw new ValidationError(faults.map((fault) => ({ pointer: fault.pointer, detail: formatFault(fault) })));
    }
    assertPath(kind, name, resource);
    const outcome = await putResource(keeper, resource, options);
    if (outcome.result !== 'unchanged' && !options.dryRun) changed(outcome);
    return { ...outcome, warnings: [...warnings] };
  };

  app.get('/v1/resources', { schema: { tags, summary: 'All kinds', response: { 200: KindList } } }, async () => ({
    kinds: KINDS.map(({ kind, plural, shortNames, summary, readOnly = false }) => ({
      kind,
      plural,
      shortNames: [...shortNames],
      summary,
      readOnly,
    })),
  }));

  app.get(
    '/v1/resources/:kind',
    {
      schema: {
        tags,
        summary: 'All resources of a kind, by name',
        params: KindParams,
        querystring: ResourceListQuery,
        response: { 200: ResourceList },
      },
    },
    async (request) => {
      const kind = kindNamed(request.params.kind);
      const { limit = 500, cursor, labelSelector } = request.query;
      const selects = labelSelector === undefined ? undefined : parseSelector(labelSelector);
      const page = await keepers.reader(kind.kind).page({ limit, ...(cursor !== undefined && { cursor }) });
      const items = page.resources.filter(({ metadata: { labels = {} } }) => !selects || selects(labels));
      return {
        apiVersion: API_VERSION,
        kind: `${kind.kind}List`,
        items: items as ResourceView[],
        problems: [...page.problems],
        ...(page.next !== undefined && { nextCursor: page.next }),
      };
    },
  );

  app.get(
    '/v1/resources/:kind/:name',
    { schema: { tags, summary: 'One resource', params: ResourceParams, response: { 200: ResourceView } } },
    async (request, reply) => {
      const present = await found(kindNamed(request.params.kind), request.params.name);
      tag(reply, present);
      return present as ResourceView;
    },
  );

  app.put(
    '/v1/resources/:kind/:name',
    {
      schema: {
        tags,
        summary: 'Creates a resource, or replaces what was said of it',
        params: ResourceParams,
        headers: Conditions,
        querystring: DryRunQuery,
        body: AnyResource,
        response: { 200: ResourceChange, 201: ResourceChange },
      },
    },
    async (request, reply) => {
      const kind = kindNamed(request.params.kind);
      const { result, after, warnings } = await put(kind, request.params.name, request.body, {
        ifMatch: request.headers['if-match'],
        ifNoneMatch: request.headers['if-none-match'],
        dryRun: request.query.dryRun ?? false,
      });
      tag(reply, after);
      reply.code(result === 'created' && !request.query.dryRun ? 201 : 200);
      return { result, resource: after as ResourceView, warnings };
    },
  );

  app.patch(
    '/v1/resources/:kind/:name',
    {
      schema: {
        tags,
        summary: 'Changes a resource (JSON merge patch)',
        params: ResourceParams,
        headers: IfMatch,
        querystring: DryRunQuery,
        body: ResourcePatch,
        response: { 200: ResourceChange },
      },
    },
    async (request, reply) => {
      const kind = kindNamed(request.params.kind);
      writable(keepers, kind);
      const { name } = request.params;
      const { dryRun = false } = request.query;
      for (;;) {
        const before = await found(kind, name);
        const revision = revisionOf(before);
        checkMatch(request.headers['if-match'], revision ?? 0);
        const { metadata, spec } = before;
        const document = mergePatch(
          { metadata: { name, labels: metadata.labels, annotations: metadata.annotations }, spec },
          request.body,
        );
        try {
          // Over exactly what the patch was made for.
          const conditions = revision === undefined ? { ifNoneMatch: '*' } : { ifMatch: etagOf(revision) };
          const { result, after, warnings } = await put(kind, name, document, { ...conditions, dryRun });
          tag(reply, after);
          return { result: result === 'created' ? 'configured' : result, resource: after as ResourceView, warnings };
        } catch (error) {
          const moved = error instanceof AgentError && error.code === 'ERR_AGENT_REVISION';
          if (!moved || request.headers['if-match'] !== undefined) throw error;
        }
      }
    },
  );

  app.delete(
    '/v1/resources/:kind/:name',
    {
      schema: {
        tags,
        summary: 'Deletes a resource',
        params: ResourceParams,
        headers: IfMatch,
        querystring: DeleteQuery,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const kind = kindNamed(request.params.kind);
      const { name } = request.params;
      const keeper = writable(keepers, kind);
      for (;;) {
        const present = await found(kind, name);
        checkMatch(request.headers['if-match'], revisionOf(present) ?? 0);
        const { dryRun, force = false } = request.query;
        const inUse = force ? undefined : await keeper.inUse?.(present);
        if (inUse !== undefined) throw new AgentError('ERR_AGENT_SESSION', inUse);
        if (dryRun) return reply.code(204).send(null);
        try {
          await keeper.remove(present, { force });
        } catch (error) {
          if (!isLostRace(error) || request.headers['if-match'] !== undefined) throw error;
          continue;
        }
        const text = `${kind.kind} "${name}" deleted`;
        journal.event({ kind: 'resource', subject: `${kind.kind}/${name}`, text, cause: 'asked for by the API' });
        return reply.code(204).send(null);
      }
    },
  );

  app.get(
    '/v1/schemas/:kind',
    {
      schema: {
        tags,
        summary: 'JSON Schema of a kind, for editors and programs',
        params: KindParams,
        response: { 200: anyGroup() },
      },
    },
    async (request) => jsonSchemaOf(kindNamed(request.params.kind)),
  );

  app.post(
    '/v1/apply',
    {
      bodyLimit: APPLY_LIMIT,
      schema: {
        tags,
        summary: 'Creates and changes many resources; nothing is done where one of them is not valid',
        body: ApplyRequest,
        response: { 200: ApplyAnswer },
      },
    },
    async (request) => {
      const { resources, dryRun = false } = request.body;
      return applyResources(resources, { keepers, dryRun, onChange: changed });
    },
  );
};

function kindNamed(word: string): Kind {
  const kind = findKind(word);
  if (kind) return kind;
  const near = suggest(word, kindWords());
  const known = `there are ${KINDS.map(({ plural }) => plural).join(', ')}`;
  throw new AgentError(
    'ERR_AGENT_NOT_FOUND',
    `"${word}" is no kind of resource; ${near === undefined ? known : `did you mean "${near}"?`}`,
  );
}

function writable(keepers: Keepers, { kind }: Kind): Keeper {
  const keeper = keepers.writable(kind);
  if (!keeper) throw new AgentError('ERR_AGENT_READ_ONLY', `${kind} is made by nodes themselves and read only`);
  return keeper;
}

/** The path names the resource; what the body says must be the same. */
function assertPath(kind: Kind, name: string, resource: Resource): void {
  if (resource.kind !== kind.kind) {
    const detail = `is ${resource.kind}, but the path names a ${kind.kind}`;
    throw new ValidationError([{ pointer: '/kind', detail }]);
  }
  if (resource.metadata.name === name) return;
  throw new ValidationError([
    { pointer: '/metadata/name', detail: `is "${resource.metadata.name}", but the path says "${name}"` },
  ]);
}

function tag(reply: { header(name: string, value: string): unknown }, resource: Resource): void {
  const revision = revisionOf(resource);
  if (revision !== undefined) reply.header('etag', etagOf(revision));
}
