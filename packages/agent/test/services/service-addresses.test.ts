import { formatPrefix, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { serviceAddresses } from '../../src/services/service-addresses.js';

const RANGES = ['203.0.113.0/24', '2001:db8::/64'].map(parsePrefix);

type Services = Readonly<Record<string, readonly string[]>>;

const of = (services: Services): { announced: string[]; outside: string[] } => {
  const entries = Object.entries(services).map(([name, addresses]) => [name, { addresses: [...addresses] }] as const);
  const { announced, outside } = serviceAddresses(new Map(entries), RANGES);
  const texts = announced.map(({ prefix, source }) => `${formatPrefix(prefix)}: ${source}`);
  return { announced: texts.sort(), outside: [...outside].sort() };
};

const CASES: readonly (readonly [what: string, services: Services, announced: string[], outside: string[]])[] = [
  ['nothing', {}, [], []],
  [
    'an address per version',
    { web: ['203.0.113.7', '2001:db8:0::7'] },
    ['2001:db8::7/128: service web', '203.0.113.7/32: service web'],
    [],
  ],
  [
    'an address of two services',
    { web: ['203.0.113.7'], api: ['203.0.113.7'] },
    ['203.0.113.7/32: service api, web'],
    [],
  ],
  ['the same address twice', { web: ['2001:db8::7', '2001:DB8::0:7'] }, ['2001:db8::7/128: service web'], []],
  ['what is in no range', { web: ['198.51.100.1', '203.0.113.8'] }, ['203.0.113.8/32: service web'], ['198.51.100.1']],
];

for (const [what, services, announced, outside] of CASES) {
  t.test(what, async (t) => {
    t.strictSame(of(services), { announced, outside });
    const turned = Object.fromEntries(Object.entries(services).reverse());
    t.strictSame(of(turned), { announced, outside }, 'whatever the order of services');
  });
}
