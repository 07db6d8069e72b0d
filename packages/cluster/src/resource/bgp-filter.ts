/** BGPFilter: ordered rules per direction and IP version. The first that matches decides; none: the next filter is asked. */
import { parsePrefix } from '@tortie/ip';
import { type Static, Type } from '../schema/type.js';
import { Faults, type Findings } from './findings.js';
import type { Resource } from './resource.js';
import { asNumber, community, oneOf, prefix } from './text.js';

const closed = { additionalProperties: false };

const priority = (description: string) => Type.Integer({ minimum: 1, maximum: 2147483646, description });

const Operation = Type.Object(
  {
    addCommunity: Type.Optional(
      Type.Object({ value: community('65000:100, or 65000:1:2') }, { ...closed, description: 'Adds a community' }),
    ),
    prependASPath: Type.Optional(
      Type.Object(
        { prefix: Type.Array(asNumber('An AS number'), { minItems: 1, maxItems: 10, description: 'In their order' }) },
        { ...closed, description: 'Puts AS numbers in front of the AS_PATH' },
      ),
    ),
    setPriority: Type.Optional(
      Type.Object(
        { value: priority('A metric: a lower one is better') },
        { ...closed, description: 'Sets the metric of the route' },
      ),
    ),
  },
  { ...closed, description: 'One change to the route: exactly one of these' },
);
export type BgpFilterOperation = Static<typeof Operation>;

const rule = (bits: 32 | 128) => {
  const length = Type.Optional(Type.Integer({ minimum: 0, maximum: bits }));
  return Type.Object(
    {
      action: oneOf(['Accept', 'Reject'], { description: 'What becomes of a route that matches' }),
      cidr: Type.Optional(prefix('Compared as matchOperator says')),
      matchOperator: Type.Optional(
        oneOf(['Equal', 'NotEqual', 'In', 'NotIn'], {
          description: 'Equal: exactly cidr; In: inside of it, or it; NotEqual, NotIn: the others',
        }),
      ),
      prefixLength: Type.Optional(
        Type.Object({ min: length, max: length }, { ...closed, description: 'Lengths that match, both ends included' }),
      ),
      source: Type.Optional(oneOf(['RemotePeers'], { description: 'Only routes learned from peers, none of our own' })),
      interface: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 64,
          description:
            'Interface whose network the next hop is in; * is any text in its name, ? any character. One that is not there matches no route',
        }),
      ),
      peerType: Type.Optional(
        oneOf(['eBGP', 'iBGP'], { description: 'Only for sessions with another AS, or with our own' }),
      ),
      communities: Type.Optional(
        Type.Object(
          { values: Type.Array(community('65000:100, or 65000:1:2'), { minItems: 1, maxItems: 1 }) },
          { ...closed, description: 'A community the route carries' },
        ),
      ),
      asPathPrefix: Type.Optional(
        Type.Array(asNumber('An AS number'), { minItems: 1, maxItems: 255, description: 'How its AS_PATH begins' }),
      ),
      priority: Type.Optional(priority('The metric it has')),
      operations: Type.Optional(
        Type.Array(Operation, { minItems: 1, maxItems: 10, description: 'Changes to a route that is accepted' }),
      ),
    },
    { ...closed, description: 'A rule: all that is given must hold' },
  );
};

const RuleV4 = rule(32);
const RuleV6 = rule(128);
export type BgpFilterRule = Static<typeof RuleV4>;

const rules = (schema: typeof RuleV4, description: string) =>
  Type.Optional(Type.Array(schema, { maxItems: 1000, description }));

export const BgpFilterSpec = Type.Object(
  {
    importV4: rules(RuleV4, 'For IPv4 routes that come from the peer'),
    importV6: rules(RuleV6, 'For IPv6 routes that come from the peer'),
    exportV4: rules(RuleV4, 'For IPv4 routes that go to the peer'),
    exportV6: rules(RuleV6, 'For IPv6 routes that go to the peer'),
  },
  { ...closed, description: 'Rules that BGPPeers name' },
);
export type BgpFilterSpec = Static<typeof BgpFilterSpec>;
export type BgpFilter = Resource<'BGPFilter', BgpFilterSpec>;

const LISTS = [
  ['importV4', 4],
  ['importV6', 6],
  ['exportV4', 4],
  ['exportV6', 6],
] as const;

export function checkBgpFilter({ spec }: BgpFilter): Findings {
  const found = new Faults();
  for (const [field, version] of LISTS) {
    const list = spec[field] ?? [];
    for (const [index, one] of list.entries()) checkRule(one, version, `/spec/${field}/${index}`, found);
    const open = list.findIndex(matchesAll);
    if (open >= 0 && open < list.length - 1) {
      found.warn(`/spec/${field}/${open}`, 'matches every route, so the rules behind it are never asked');
    }
  }
  return found;
}

/** Whether a rule has no condition. */
const matchesAll = ({ action: _action, operations: _operations, ...conditions }: BgpFilterRule): boolean =>
  Object.keys(conditions).length === 0;

function checkRule(one: BgpFilterRule, version: 4 | 6, at: string, found: Faults): void {
  const { cidr, matchOperator, prefixLength, action, operations = [] } = one;
  if (cidr !== undefined && matchOperator === undefined) {
    found.add(
      at,
      '"matchOperator" is missing, which says how routes are compared with cidr',
      'Equal, NotEqual, In or NotIn',
    );
  }
  if (cidr === undefined) {
    for (const field of ['matchOperator', 'prefixLength'] as const) {
      if (one[field] !== undefined) found.add(`${at}/${field}`, 'needs cidr, which is not given', 'cidr beside it');
    }
  } else if (parsePrefix(cidr).version !== version) {
    found.add(`${at}/cidr`, `${cidr} is of the other IP version`, `an IPv${version} prefix`);
  }
  const { min = 0, max = 128 } = prefixLength ?? {};
  if (min > max) found.add(`${at}/prefixLength`, `matches nothing: min ${min} is above max ${max}`, 'min up to max');
  if (action === 'Reject' && operations.length > 0) {
    found.add(`${at}/operations`, 'change nothing, as the rule rejects', 'action: Accept, or no operations');
  }
  for (const [index, operation] of operations.entries()) {
    if (Object.keys(operation).length === 1) continue;
    const names = 'exactly one of addCommunity, prependASPath, setPriority';
    found.add(`${at}/operations/${index}`, `has ${Object.keys(operation).length} changes`, names);
  }
}
