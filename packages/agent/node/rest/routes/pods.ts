/** /v1/pods: what container runtimes had plugged in. */
import { PodList } from '../../../src/api/pod.js';
import type { Resource } from '../resources.js';

export const podRoutes: Resource = (context) => async (app) => {
  app.get(
    '/v1/pods',
    { schema: { tags: ['pods'], summary: 'Pods plugged in on this node', response: { 200: PodList } } },
    async () => ({ pods: [...(context.cni?.pods.list() ?? [])] }),
  );
};
