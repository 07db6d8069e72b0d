/** /v1/bmp-collectors: who is shown the tables; create, read and delete at run time, kept in the store. */
import { performance } from 'node:perf_hooks';
import { BmpCollector, BmpCollectorList, BmpCollectorSpec } from '../../../src/api/bmp.js';
import { Type } from '../../../src/api/type.js';
import { collectorView } from '../../../src/bmp/collector.js';
import { AgentError, ValidationError } from '../../../src/errors.js';
import { checkCollector } from '../../../src/rules/collector-rules.js';
import { bmpKey } from '../../../src/store/keys.js';
import type { ManagedCollector } from '../../reconcilers/bmp-collectors.js';
import { IfMatch, NameParams } from '../params.js';
import type { Resource } from '../resources.js';
import { createStored, deleteStored, etagOf } from '../stored.js';

const tags = ['bmp'];

export const bmpCollectorRoutes: Resource = (context) => async (app) => {
  const { config, store, speaker, bmp, bmpLoop } = context;
  const show = (collector: ManagedCollector): BmpCollector => {
    const view = speaker.bmpCollectors().find(({ name }) => name === collector.spec.name);
    return collectorView(collector, view, { nowMs: performance.now(), originMs: performance.timeOrigin });
  };
  const found = (name: string): ManagedCollector => {
    const collector = bmp.get(name);
    if (!collector) throw new AgentError('ERR_AGENT_NOT_FOUND', `there is no BMP collector "${name}"`);
    return collector;
  };

  app.get(
    '/v1/bmp-collectors',
    { schema: { tags, summary: 'All BMP collectors', response: { 200: BmpCollectorList } } },
    async () => ({ collectors: bmp.list().map(show) }),
  );

  app.post(
    '/v1/bmp-collectors',
    { schema: { tags, summary: 'Adds a BMP collector', body: BmpCollectorSpec, response: { 201: BmpCollector } } },
    async (request, reply) => {
      const spec = request.body;
      const { name } = spec;
      const issues = checkCollector(spec);
      if (issues.length > 0) throw new ValidationError(issues);
      const present = bmp.get(name);
      if (present?.origin === 'file') {
        throw new AgentError('ERR_AGENT_EXISTS', `BMP collector "${name}" exists already, in ${present.source}`);
      }
      await createStored(store, bmpKey(config.node, name), spec, `BMP collector "${name}"`);
      await bmpLoop.settle();
      const collector = found(name);
      reply.code(201).header('location', `/v1/bmp-collectors/${encodeURIComponent(name)}`);
      if (collector.revision !== undefined) reply.header('etag', etagOf(collector.revision));
      return show(collector);
    },
  );

  app.get(
    '/v1/bmp-collectors/:name',
    { schema: { tags, summary: 'One BMP collector', params: NameParams, response: { 200: BmpCollector } } },
    async (request, reply) => {
      const collector = found(request.params.name);
      if (collector.revision !== undefined) reply.header('etag', etagOf(collector.revision));
      return show(collector);
    },
  );

  app.delete(
    '/v1/bmp-collectors/:name',
    {
      schema: {
        tags,
        summary: 'Removes a BMP collector, which gets a Termination',
        params: NameParams,
        headers: IfMatch,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { origin, source } = found(name);
      if (origin === 'file') {
        throw new AgentError(
          'ERR_AGENT_FILE_ORIGIN',
          `BMP collector "${name}" is configured in ${source} and is deleted there; the agent reads the file when it starts`,
        );
      }
      const key = bmpKey(config.node, name);
      await deleteStored({ store, key, ifMatch: request.headers['if-match'], what: `BMP collector "${name}"` });
      await bmpLoop.settle();
      return reply.code(204).send(null);
    },
  );
};
