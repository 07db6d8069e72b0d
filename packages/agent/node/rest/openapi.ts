/** The description of the API, made from the schemas of its routes; loaded when somebody asks for it first. */
import swagger from '@fastify/swagger';
import Fastify, { type RouteOptions } from 'fastify';
import { type Description, describe } from '../../src/openapi/describe.js';
import { VERSION } from '../status/version.js';

export type DescribedRoute = Pick<RouteOptions, 'method' | 'url' | 'schema'>;

/** An application of its own makes it: the one that answers need not keep what that takes. */
export async function describeApi(routes: readonly DescribedRoute[]): Promise<Description> {
  const app = Fastify({ exposeHeadRoutes: false });
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
  for (const route of routes) app.route({ ...route, handler: () => {} });
  // Nothing is checked with these schemas here.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => () => '');
  await app.ready();
  return describe(app.swagger() as unknown as Description);
}
