/** /v1/pods: what container runtimes had plugged in. */
import { PodList } from '../../../src/api/pod.js';
import type { Resource } from '../resources.js';

export const podRoutes: Resource = (context) => async (app) => {
  app.get(
    '/v1/pods',
    { schema: { tags: ['pods'], summary: 'Pods plugged in on this node', response: { 200: PodList } } },
    async () => {
      const { pods } = context.cni ?? {};
      if (!pods) return { pods: [] };
      return {
        pods: pods.list().map((pod) => {
          const problems = pods.problems.of(pod).map(({ text }) => text);
          return { ...pod, ...(problems.length > 0 && { problems }) };
        }),
      };
    },
  );
};
