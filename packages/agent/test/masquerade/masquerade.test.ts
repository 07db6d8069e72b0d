import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import { hasRulesOf, type NftElements } from '@tortie/linux';
import t from 'tap';
import { MASQUERADE_LAYOUT, masqueradeOf, without } from '../../src/masquerade/masquerade.js';

const pool = (cidr: string, natOutgoing = true) => ({ cidr: parsePrefix(cidr), natOutgoing });
const shown = (elements: NftElements | undefined) =>
  elements && Object.fromEntries(Object.entries(elements).map(([name, all]) => [name, all.map(formatPrefix)]));

t.test('pools that hide their pods, and what they are not hidden from', async (t) => {
  t.equal(masqueradeOf({ pools: [pool('10.244.0.0/16', false)], nodes: [] }), undefined, 'nobody is hidden');
  const nodes = ['10.0.0.2', '10.0.0.1', '10.244.7.7', 'fd00::1'].map(parseAddress);
  const pools = [pool('10.244.0.0/16'), pool('10.245.0.0/16', false), pool('fd00:10:244::/48')];
  const wanted = {
    from4: ['10.244.0.0/16'],
    inside4: ['10.0.0.1/32', '10.0.0.2/32', '10.244.0.0/16', '10.245.0.0/16'],
    from6: ['fd00:10:244::/48'],
    inside6: ['fd00::1/128', 'fd00:10:244::/48'],
  };
  t.same(shown(masqueradeOf({ pools, nodes })), wanted, 'an address inside a pool is not there twice');
  t.same(shown(masqueradeOf({ pools: [...pools].reverse(), nodes: [...nodes].reverse() })), wanted, 'in any order');
});

t.test('a change is what differs', async (t) => {
  const before = masqueradeOf({ pools: [pool('10.244.0.0/16')], nodes: [parseAddress('10.0.0.1')] })!;
  const after = masqueradeOf({ pools: [pool('10.244.0.0/16')], nodes: [parseAddress('10.0.0.2')] })!;
  t.same(shown(without(before, after)), { inside4: ['10.0.0.1/32'] });
  t.same(shown(without(after, before)), { inside4: ['10.0.0.2/32'] });
  t.same(without(after, after), {});
});

t.test('rules of ours are known by chain, comment and order', async (t) => {
  const rules = MASQUERADE_LAYOUT.rules.map(({ chain, comment }) => ({ chain, comment }));
  const isOurs = (shown: typeof rules): boolean => hasRulesOf(MASQUERADE_LAYOUT, shown);
  t.ok(isOurs(rules));
  t.notOk(isOurs([...rules].reverse()));
  t.notOk(isOurs(rules.slice(1)));
  t.notOk(isOurs([{ chain: 'postrouting', comment: '' }, ...rules]));
});
