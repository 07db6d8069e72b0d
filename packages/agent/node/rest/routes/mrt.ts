/** /v1/mrt: the MRT files that are written, and a dump now. */
import { MrtDump, MrtStatus } from '../../../src/api/mrt.js';
import type { Resource } from '../resources.js';

const tags = ['mrt'];

export const mrtRoutes: Resource = (context) => async (app) => {
  const { mrt } = context;

  app.get(
    '/v1/mrt',
    { schema: { tags, summary: 'MRT files that are written', response: { 200: MrtStatus } } },
    async () => mrt.status(),
  );

  app.post(
    '/v1/mrt/dumps',
    { schema: { tags, summary: 'Dumps the tables now; answers when the file is whole', response: { 201: MrtDump } } },
    async (_, reply) => {
      const dump = await mrt.dump();
      reply.code(201);
      return dump;
    },
  );
};
