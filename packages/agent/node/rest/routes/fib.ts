/** /v1/fib: what this node has in the kernel, wants there, and was refused. */
import { formatAddress, formatPrefix, parsePrefix } from '@tortie/ip';
import { FibPage, FibQuery, type FibRoute } from '../../../src/api/fib.js';
import { ValidationError } from '../../../src/errors.js';
import type { FibEntry } from '../../../src/fib/fib-entry.js';
import type { RestContext } from '../context.js';
import type { Resource } from '../resources.js';

export const fibRoutes: Resource = (context) => async (app) => {
  app.get(
    '/v1/fib',
    {
      schema: {
        tags: ['routes'],
        summary: "Routes of this agent in the kernel, with the kernel's words where it refused one",
        querystring: FibQuery,
        response: { 200: FibPage },
      },
    },
    async (request) => {
      const { limit = 500, cursor, family, prefix: text, state } = request.query;
      const summary = context.fibSummary();
      const table = context.fib?.table;
      if (!table) return { summary, routes: [] };
      const prefix = text === undefined ? undefined : parsePrefix(text);
      if (cursor !== undefined && !/^\d{1,10}$/.test(cursor)) {
        throw new ValidationError([
          { pointer: 'cursor', detail: `"${cursor}" is no cursor; pass on the nextCursor of the page before` },
        ]);
      }
      const version = family === undefined ? undefined : family === 'ipv4-unicast' ? 4 : 6;
      const routes: FibRoute[] = [];
      let next: number | undefined;
      for (const entry of prefix ? one(table.get(prefix)) : table.walk(Number(cursor ?? 0), { version, state })) {
        if (version !== undefined && entry.prefix.version !== version) continue;
        if (state !== undefined && entry.state !== state) continue;
        if (routes.length === limit) {
          next = entry.slot;
          break;
        }
        routes.push(fibView(context, entry));
      }
      return { summary, routes, ...(next !== undefined && { nextCursor: String(next) }) };
    },
  );
};

const one = (entry: FibEntry | undefined): readonly FibEntry[] => (entry ? [entry] : []);

export function fibView({ links, dataplane }: RestContext, entry: FibEntry): FibRoute {
  const { prefix, target, state, source, error } = entry;
  const taken = dataplane.takenFrom(prefix);
  const hops = target?.hops ?? entry.hops.map(({ address }) => ({ gateway: address, ifindex: undefined }));
  return {
    prefix: formatPrefix(prefix),
    kind: target?.kind ?? 'unicast',
    state,
    nextHops: hops.map(({ gateway, ifindex }) => {
      const name = ifindex === undefined ? undefined : (links?.name(ifindex) ?? `if${ifindex}`);
      return { ...(gateway && { gateway: formatAddress(gateway) }), ...(name !== undefined && { interface: name }) };
    }),
    source,
    ...(error !== undefined && { error }),
    ...(taken !== undefined && { taken }),
  };
}
