/** Requests made at random from the API's own description: none is answered with a failure of ours, and every answer is as described. */
import fc from 'fast-check';
import t from 'tap';
import { checkValue } from '../../src/schema/check.js';
import { closed, type DescribedSchema, type Operation, type Paths, resolved, responseOf } from './described.js';
import { setUp } from './set-up.js';

const RUNS = Number(process.env.TORTIE_RUNS ?? 5);

/** Values that some part of the agent knows, by the format that a schema names, and some that none will take. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  'ip-address': ['10.0.0.9', '2001:db8::9', 'fe80::1', '10.0.0.1', '::', '10.0.0.1/24', '0.0.0.0', '255.255.255.255'],
  prefix: ['10.244.0.0/16', '10.244.1.0/26', '2001:db8::/32', '0.0.0.0/0', '::/0', '10.0.0.1/8', '10.9.0.0/16'],
  name: [
    'tor',
    'p4',
    'b',
    'pod-1',
    'n1',
    'default',
    '__proto__',
    'constructor',
    'a/b',
    '..',
    'ü',
    '%',
    ' ',
    'toString',
  ],
};
const text = fc.oneof(
  fc.constantFrom(...Object.values(TEXTS).flat()),
  fc.constantFrom('bgppeers', 'ippools', 'nodes', 'bgppeer', 'ipv4-unicast', 'all', 'k8s-app == "web"', '64512:100'),
  fc.string({ unit: 'binary', maxLength: 30 }),
);
const junk = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }));

/** What `schema` describes, more or less: here and there something else, a field that is missing, or one too many. */
function some(schema: DescribedSchema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: fitting(schema) }, { weight: 1, arbitrary: junk });
}

function fitting(schema: DescribedSchema): fc.Arbitrary<unknown> {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(some));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(([name, member]) => [name, some(member)] as const);
      const requiredKeys = (schema.required ?? []).filter((name) => name in (schema.properties ?? {}));
      const known = fc.record(Object.fromEntries(fields), { requiredKeys: [...requiredKeys] });
      if (typeof schema.additionalProperties === 'object')
        return fc.dictionary(text, some(schema.additionalProperties), { maxKeys: 3 });
      return fc.oneof(
        { weight: 12, arbitrary: known },
        { weight: 1, arbitrary: fc.tuple(known, text, junk).map(([one, name, value]) => ({ ...one, [name]: value })) },
      );
    }
    case 'array':
      return fc.array(some(schema.items ?? {}), { maxLength: 3 });
    case 'string':
      return fc.oneof(fc.constantFrom(...(TEXTS[schema.format ?? ''] ?? TEXTS.name!)), text);
    case 'integer':
    case 'number':
      return fc.oneof(
        fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 100 }),
        fc.constantFrom(-1, 0, 1, 1.5, 3, 30, 65535, 65536, 2 ** 32 - 1, 2 ** 53, 1e300),
      );
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return junk;
  }
}

function requestOf(template: string, { parameters = [], requestBody }: Operation) {
  const query = parameters.filter((one) => one.in === 'query');
  const content = Object.values(requestBody?.content ?? {})[0]?.schema;
  return fc
    .record({
      // An empty one would be the path of the whole list.
      path: fc.array(
        text.filter((one) => one !== ''),
        { minLength: 2, maxLength: 2 },
      ),
      query: fc.record(Object.fromEntries(query.map(({ name, schema }) => [name, some(schema)])), {
        requiredKeys: [],
      }),
      body: content ? some(content) : fc.constant(undefined),
      ifMatch: fc.constantFrom(undefined, undefined, '*', '"1"', 'W/"2"', 'x', ','),
    })
    .map(({ path, query: asked, body, ifMatch }) => {
      let next = 0;
      const place = template.replace(/\{\w+\}/g, () => encodeURIComponent(path[next++]!));
      const words = Object.entries(asked).map(
        ([name, value]) =>
          `${name}=${encodeURIComponent(String(value instanceof Object ? JSON.stringify(value) : value))}`,
      );
      return { path: words.length > 0 ? `${place}?${words.join('&')}` : place, body, ifMatch };
    });
}

t.test('random requests: no failure of ours, and answers as described', async (t) => {
  const { call, close } = await setUp({
    claim: true,
    yaml: `peers: [{ name: tor, remoteAddress: 10.0.0.254, remoteAsn: 64512 }]
pools: [{ name: p4, cidr: 10.244.0.0/16 }, { name: p6, cidr: "fd00:10::/64" }]
cluster: {}
`,
  });
  t.teardown(close);
  const { paths } = resolved((await call('GET', '/openapi.json')).body as { paths: Paths });
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  for (const { path: template, method, operation } of operations) {
    await fc.assert(
      fc.asyncProperty(requestOf(template, operation), async ({ path, body, ifMatch }) => {
        const answer = await call(method, path, body, ifMatch === undefined ? {} : { 'if-match': ifMatch });
        const told = `${method} ${path} ${JSON.stringify(body)}: ${answer.status} ${JSON.stringify(answer.body)?.slice(0, 500)}`;
        if (answer.status >= 500 && answer.status !== 503) throw new Error(told);
        const response = responseOf(operation, answer.status);
        if (!response) throw new Error(`not described: ${told}`);
        const schema = Object.values(response.content ?? {})[0]?.schema;
        if (!schema || answer.status === 204) return;
        if (answer.status >= 400 && !String(answer.headers['content-type']).startsWith('application/problem+json'))
          throw new Error(`no problem+json: ${told}`);
        const faults = checkValue(closed(schema), answer.body);
        if (faults.length > 0) throw new Error(`${JSON.stringify(faults)}: ${told}`);
      }),
      { numRuns: RUNS },
    );
    t.pass(`${method} ${template}`);
  }
});
