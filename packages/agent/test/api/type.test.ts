import t from 'tap';
import { type TSchema, Type as TypeBox } from 'typebox';
import { Compile } from 'typebox/compile';
import * as api from '../../src/api/index.js';
import { Type } from '../../src/api/type.js';
import { checkValue } from '../../src/schema/check.js';

type Builder = typeof Type;

/** Each word of the builder with its options, inside one another. */
const build = (T: Builder) =>
  T.Object(
    {
      text: T.String({ minLength: 1, maxLength: 9, pattern: '^a', format: 'x', description: 'A text' }),
      whole: T.Integer({ minimum: 1, maximum: 5, default: 3 }),
      number: T.Optional(T.Number()),
      flag: T.Optional(T.Boolean({ default: true })),
      word: T.Union([T.Literal('a'), T.Literal('b'), T.Literal(3), T.Literal(false)], { description: 'A word' }),
      list: T.Optional(T.Array(T.String(), { uniqueItems: true, minItems: 1 })),
      nothing: T.Null(),
      inner: T.Object({ a: T.Optional(T.Union([T.String(), T.Null()])) }, { additionalProperties: false }),
    },
    { additionalProperties: false, description: 'All of it' },
  );

const plain = (schema: unknown): unknown => JSON.parse(JSON.stringify(schema));

t.test('our builder makes what TypeBox makes', async (t) => {
  t.same(plain(build(Type)), plain(build(TypeBox)));
});

const schemas = (Object.entries(api) as [string, TSchema][]).filter(
  ([, value]) => typeof value === 'object' && ('type' in value || 'anyOf' in value),
);

t.test('TypeBox takes our schemas and judges values as our walker does', async (t) => {
  t.ok(schemas.length > 40, `${schemas.length} schemas`);
  const values: unknown[] = [
    {},
    null,
    [],
    'a',
    5,
    true,
    { name: 'tor', remoteAddress: '10.0.0.1', remoteAsn: 64512 },
    { name: 'tor', remoteAddress: '10.0.0.1', remoteAsn: 0 },
    { name: 'tor', remoteAddress: '10.0.0.1', remoteAsn: 1, holdTimeS: 'x' },
    { asn: 1, peers: [{ name: 'a', remoteAddress: '10.0.0.1', remoteAsn: 5, gracefulRestart: { helper: 1 } }] },
    { asn: 1, bgp: { listen: ['127.0.0.1:1'], multipath: 65 }, log: { level: 'info' } },
    { mode: 'hard' },
    { mode: 'hrd' },
    { handle: 'x', ipv4: 1 },
    { name: 'p', cidr: '10.0.0.0/8', blockSize: 26 },
    { prefix: '10.0.0.0/8', communities: ['no-export'] },
    { limit: 5, cursor: 'x' },
    { ok: true, conditions: [{ name: 'a', ok: true, detail: '' }] },
  ];
  for (const [name, schema] of schemas) {
    const compiled = Compile(schema);
    for (const value of values) {
      // Formats are ours, and unknown to TypeBox.
      if (typeof value === 'string' && 'format' in schema) continue;
      t.equal(compiled.Check(value), checkValue(schema, value).length === 0, `${name} <- ${JSON.stringify(value)}`);
    }
  }
});
