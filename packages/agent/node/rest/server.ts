/**
 * The REST API as a fastify application without a socket of its own. Schemas are TypeBox; they are checked by the same
 * walker as the configuration file and answers are plain JSON, so that neither ajv nor generated serializers are loaded.
 */
import type { IncomingMessage } from 'node:http';
import { coerceQuery } from '@tortie/cluster/schema';
import Fastify, { type FastifyInstance, type FastifyServerOptions, type RouteOptions } from 'fastify';
import { Problem } from '../../src/api/problem.js';
import { AgentError, ValidationError } from '../../src/errors.js';
import { problemOf } from '../../src/problem.js';
import { checkValue } from '../../src/schema/check.js';
import { withSmallYoungGeneration } from '../process/young-generation.js';
import type { RestContext } from './context.js';
import type { DescribedRoute } from './openapi.js';
import { RESOURCES } from './resources.js';
import type { TokenFile } from './token.js';

export interface RestOptions {
  readonly context: RestContext;
  /** Whether the request came over TCP and needs a token. */
  readonly isRemote: (request: IncomingMessage) => boolean;
  readonly token: TokenFile | undefined;
  readonly requestTimeoutS: number;
}

const BODY_LIMIT = 1024 * 1024;

export async function buildRest(options: RestOptions): Promise<FastifyInstance> {
  const { context, isRemote, token } = options;
  const app = Fastify(serverOptions(options));
  const routes = new RouteList();
  app.addHook('onRoute', (route) => {
    route.schema = {
      ...route.schema,
      response: { ...(route.schema?.response as object), '4xx': Problem, '5xx': Problem },
    };
    routes.add(route);
  });
  app.addHook('onRequest', async (request) => {
    if (!isRemote(request.raw) || token?.accepts(request.headers.authorization)) return;
    throw new AgentError(
      'ERR_AGENT_TOKEN',
      'requests over TCP carry "Authorization: Bearer TOKEN"; the token is in api.tokenFile',
    );
  });
  app.setErrorHandler((error, request, reply) => {
    const { problem, unexpected } = problemOf(error, request.url);
    if (unexpected)
      context.journal.problem(`${request.method} ${request.routeOptions.url ?? request.url} failed`, error as Error);
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="tortie"');
    return reply.code(problem.status).type('application/problem+json').send(problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    const allowed = routes.methodsOf(path);
    const error =
      allowed.length > 0
        ? new AgentError('ERR_AGENT_METHOD', `${path} knows ${allowed.join(', ')}, not ${request.method}`)
        : new AgentError('ERR_AGENT_NO_ROUTE', `${path} does not exist; /openapi.json lists all paths`);
    if (allowed.length > 0) reply.header('allow', allowed.join(', '));
    sendProblem(error, request.url, reply as ProblemReply);
  });
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Programs say that they send JSON with every request, also where there is none to send.
    if (body === '' && request.routeOptions.schema?.body === undefined) done(null);
    else parseJson(request, body as string, done);
  });
  for (const resource of RESOURCES) await app.register(resource(context));
  const described = [...routes.list];
  app.get('/openapi.json', () =>
    withSmallYoungGeneration(async () => (await import('./openapi.js')).describeApi(described)),
  );
  await app.ready();
  return app;
}

/** Given as a factory, our compilers keep fastify from loading its own. */
const COMPILERS = {
  buildValidator: () => validator,
  buildSerializer: () => () => stringify,
} as unknown as NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;

const serverOptions = ({ requestTimeoutS }: RestOptions): FastifyServerOptions => ({
  logger: false,
  bodyLimit: BODY_LIMIT,
  exposeHeadRoutes: false,
  routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true, caseSensitive: true },
  requestTimeout: requestTimeoutS * 1000,
  schemaController: { compilersFactory: COMPILERS },
  frameworkErrors(error, request, reply) {
    sendProblem(error, request.url, reply as ProblemReply);
  },
});

interface ProblemReply {
  code(status: number): ProblemReply;
  type(media: string): ProblemReply;
  send(payload: unknown): unknown;
}

function sendProblem(error: unknown, url: string, reply: ProblemReply): void {
  const { problem } = problemOf(error, url);
  reply.code(problem.status).type('application/problem+json').send(problem);
}

const stringify = (data: unknown): string => JSON.stringify(data);

/** Fastify's validator: the checked value, or a ValidationError with every fault. */
function validator({ schema, httpPart }: { schema: unknown; httpPart?: string }) {
  return (value: unknown): { value: unknown } | { error: Error } => {
    const checked = httpPart === 'querystring' ? coerceQuery(schema, value) : value;
    const issues = checkValue(schema, checked, httpPart === 'body' ? '' : httpPart === 'querystring' ? '?' : ':');
    if (issues.length === 0) return { value: checked };
    return {
      error: new ValidationError(
        issues.map(({ pointer, detail }) => ({ pointer: pointer.replace(/^[?:]\//, ''), detail })),
      ),
    };
  };
}

/** All routes with their schemas, and which methods a path knows, for 405. */
class RouteList {
  readonly list: DescribedRoute[] = [];
  readonly #routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];

  add({ url, method, schema }: RouteOptions): void {
    this.list.push({ url, method, ...(schema && { schema }) });
    const pattern = new RegExp(`^${url.replace(/[.*+?^$(){}|[\]\\]/g, '\\$&').replace(/:[A-Za-z]+/g, '[^/]+')}/?$`);
    this.#routes.push({ pattern, methods: ([] as string[]).concat(method as string | string[]) });
  }

  methodsOf(path: string): string[] {
    return [...new Set(this.#routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))];
  }
}
