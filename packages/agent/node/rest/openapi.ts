/** GET /openapi.json: the description of the API, made from the schemas when somebody asks for it. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import type { Description } from '../../src/openapi/describe.js';
import { VERSION } from '../status/version.js';

export async function registerOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tortie agent',
        version: VERSION,
        description:
          'One node of a Tortie network: its BGP peers, routes, kernel routes and addresses. Errors are RFC 9457 problems with a stable code.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [
        { url: 'http://localhost', description: 'Over the unix socket: curl --unix-socket /run/tortie/agent.sock' },
        {
          url: 'http://{host}:{port}',
          description: 'Over TCP, where api.listen says so',
          variables: { host: { default: '127.0.0.1' }, port: { default: '9179' } },
        },
      ],
      security: [{}, { token: [] }],
      tags: [
        { name: 'node', description: 'The agent itself' },
        { name: 'peers', description: 'BGP peers and their sessions' },
        { name: 'routes', description: 'What was learned, chosen, announced and programmed' },
        { name: 'resources', description: "The cluster's resources, as manifests have them" },
        { name: 'ipam', description: 'Pools, blocks and assigned addresses' },
        { name: 'pods', description: 'What container runtimes had plugged in' },
      ],
      components: {
        securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'Needed over TCP only' } },
      },
    },
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => {
    // Loaded when somebody asks for it first.
    const { describe } = await import('../../src/openapi/describe.js');
    return describe(app.swagger() as unknown as Description);
  });
}
