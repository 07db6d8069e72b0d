/** /v1/status, /v1/health, /v1/events, /metrics: the agent itself. */

import { EventList, EventQuery, Health, NotReady, Status } from '../../../src/api/status.js';
import { Type } from '../../../src/api/type.js';
import type { Resource } from '../resources.js';

const tags = ['node'];

export const nodeRoutes: Resource = (context) => async (app) => {
  app.get('/v1/status', { schema: { tags, summary: 'The node at a glance', response: { 200: Status } } }, async () => {
    // Nobody tells when a firewall is started.
    await context.dataplane.dropped();
    return context.status();
  });

  app.get(
    '/v1/health/live',
    { schema: { tags, summary: 'The process answers', response: { 200: Health } } },
    async () => ({ ok: true, conditions: [] }),
  );

  app.get(
    '/v1/health/ready',
    {
      schema: {
        tags,
        summary: 'The node does its work; 503 where it does not',
        response: { 200: Health, 503: NotReady },
      },
    },
    async (request, reply) => {
      const health = context.health();
      if (health.ok) return health;
      const failing = health.conditions.filter(({ ok }) => !ok);
      const problem = {
        type: 'urn:tortie:problem:ERR_AGENT_NOT_READY',
        title: 'Not ready',
        status: 503,
        code: 'ERR_AGENT_NOT_READY',
        detail: failing.map(({ name, detail }) => `${name}: ${detail}`).join('; '),
        instance: request.url,
        ...health,
      };
      return reply.code(503).type('application/problem+json').send(problem);
    },
  );

  app.get(
    '/v1/events',
    {
      schema: {
        tags,
        summary: 'What happened lately, with causes',
        querystring: EventQuery,
        response: { 200: EventList },
      },
    },
    async (request) => context.journal.events.read(request.query),
  );

  app.get(
    '/metrics',
    {
      schema: { tags, summary: 'Prometheus metrics', response: { 200: Type.String() } },
    },
    async (_request, reply) => {
      reply.type('text/plain; version=0.0.4; charset=utf-8');
      // Loaded with the first scrape: an agent that nobody scrapes does without.
      const { metricsText } = await import('../../metrics/metrics.js');
      return metricsText(context);
    },
  );
};
