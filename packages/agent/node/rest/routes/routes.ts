/** /v1/routes: the loc-rib with every candidate, and why one of them is best. */
import type { LocRibEntry } from '@tortie/bgp';
import { type Address, addressBits, formatPrefix, type Prefix, parseAddress, parsePrefix, prefixOf } from '@tortie/ip';
import type { FibRoute } from '../../../src/api/fib.js';
import { RoutePage, RouteQuery, Why, WhyQuery } from '../../../src/api/route.js';
import { AgentError, ValidationError } from '../../../src/errors.js';
import { explainExports, exportView } from '../../../src/routes/export-view.js';
import { explain, routeView } from '../../../src/routes/route-view.js';
import { familyPage } from '../family-pages.js';
import type { Resource } from '../resources.js';
import { fibView } from './fib.js';

const tags = ['routes'];

export const routeRoutes: Resource = (context) => async (app) => {
  const { speaker } = context;
  const peerName = (index: number): string | undefined => speaker.peerName(index);

  app.get(
    '/v1/routes',
    {
      schema: {
        tags,
        summary: 'The routes of all peers, best first, with the reason each other one lost',
        querystring: RouteQuery,
        response: { 200: RoutePage },
      },
    },
    async (request) => {
      const { prefix: text, longer = false, ...query } = request.query;
      const prefix = text === undefined ? undefined : parsePrefix(text);
      const family = prefix ? (prefix.version === 4 ? 'ipv4-unicast' : 'ipv6-unicast') : query.family;
      if (prefix && query.family !== undefined && query.family !== family) {
        throw new ValidationError([{ pointer: 'family', detail: `${text} is of ${family}` }]);
      }
      const { items, ...rest } = familyPage({ ...query, ...(family && { family }) }, (name, page) =>
        speaker.locRib({ family: name, ...page, ...(prefix && { prefix, longer }) }),
      );
      return { routes: items.map((entry) => routeView(entry, peerName)), ...rest };
    },
  );

  app.get(
    '/v1/routes/why',
    {
      schema: {
        tags,
        summary: 'The decision for a prefix, or for the longest prefix that holds an address, in sentences',
        querystring: WhyQuery,
        response: { 200: Why },
      },
    },
    async (request) => {
      const entry = lookUp(request.query.prefix, (prefix) => speaker.why(prefix));
      if (!entry)
        throw new AgentError(
          'ERR_AGENT_NOT_FOUND',
          `no route for ${request.query.prefix} was ever received or announced${nearest(request.query.prefix, (prefix) => speaker.why(prefix))}`,
        );
      const { prefix, candidates } = routeView(entry, peerName);
      const exports = speaker.exports(entry.prefix).map((each) => exportView(each, peerName));
      const fib = context.fib?.table.get(entry.prefix);
      const shown = fib && fibView(context, fib);
      return {
        prefix,
        explanation: [...explain(candidates), ...explainExports(exports)],
        candidates,
        exports,
        ...(shown && { fib: fibPart(shown) }),
      };
    },
  );
};

const fibPart = ({ state, error, taken }: FibRoute): NonNullable<Why['fib']> => ({
  state,
  ...(error !== undefined && { error }),
  ...(taken !== undefined && { taken }),
});

/** Exactly the prefix; for an address, the longest one that holds it: at most 129 look-ups in a hash table. */
function lookUp(text: string, why: (prefix: Prefix) => LocRibEntry | undefined): LocRibEntry | undefined {
  if (text.includes('/')) return why(parsePrefix(text));
  const address = parseAddress(text);
  return longest(address, addressBits(address.version), why);
}

/** The longest prefix of at most `from` bits that holds the address and has routes. */
function longest(
  address: Address,
  from: number,
  why: (prefix: Prefix) => LocRibEntry | undefined,
): LocRibEntry | undefined {
  for (let length = from; length >= 0; length--) {
    const entry = why(prefixOf(address, length));
    if (entry && entry.candidates.length > 0) return entry;
  }
  return undefined;
}

/** Where to look instead of at a prefix that nobody has. */
function nearest(text: string, why: (prefix: Prefix) => LocRibEntry | undefined): string {
  if (!text.includes('/')) return '';
  const prefix = parsePrefix(text);
  const around = longest(prefix, prefix.length - 1, why);
  return around ? `; ${formatPrefix(around.prefix)} holds it` : '';
}
