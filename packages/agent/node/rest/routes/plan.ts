/** /v1/plan: what a change of resources would do; /v1/doctor: what looks wrong as it is. */
import { Doctor, Plan, PlanRequest } from '../../../src/api/plan.js';
import { AgentError } from '../../../src/errors.js';
import type { Resource } from '../resources.js';

const tags = ['cluster'];
/** Manifests of a whole cluster. */
const PLAN_LIMIT = 16 * 1024 * 1024;

export const planRoutes: Resource = (context) => async (app) => {
  app.post(
    '/v1/plan',
    {
      bodyLimit: PLAN_LIMIT,
      schema: {
        tags,
        summary: 'What would become of sessions and routes if these resources were changed; nothing is changed',
        body: PlanRequest,
        response: { 200: Plan },
      },
    },
    async (request) => {
      if (!context.cluster) {
        throw new AgentError(
          'ERR_AGENT_SESSION',
          'this node takes no part in a cluster, so that resources change nothing here; ask a node whose file has "cluster: {}"',
        );
      }
      const { planChange } = await import('../../resources/plan-change.js');
      return planChange(context, request.body);
    },
  );

  app.get(
    '/v1/doctor',
    { schema: { tags, summary: 'What looks wrong, and what would be right', response: { 200: Doctor } } },
    async () => {
      const { examine } = await import('../../status/doctor.js');
      const findings = await examine(context);
      return { ok: findings.every(({ severity }) => severity === 'info'), findings };
    },
  );
};
