/** Policies of peers, changed while sessions are up: what a change costs, and that one that changes nothing costs nothing. */
import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import type { RoutePolicy } from '../../src/index.js';
import { SimNetwork } from '../../testing/index.js';

const TOR = '10.0.0.1';
const NODE = '10.0.0.2';

const POLICY: RoutePolicy = {
  terms: [
    { match: { asPaths: ['^65001 65010$'] }, action: 'next', set: { localPref: 200 } },
    { match: { prefixes: [{ prefix: parsePrefix('20.0.0.0/8'), le: 24 }] }, action: 'accept' },
  ],
  otherwise: 'reject',
};

function rack() {
  const network = new SimNetwork();
  const tor = network.router({ address: TOR, asn: 65001 });
  const node = network.router({ address: NODE, asn: 65002 });
  tor.addPeer({ at: NODE, remoteAsn: 65002 });
  const toTor = { at: TOR, remoteAsn: 65001 };
  node.addPeer({ ...toTor, import: POLICY, export: POLICY });
  const from = (asn: number) => ({ asPath: [{ type: 'sequence' as const, asns: [asn] }] });
  tor.speaker.originate(parsePrefix('20.0.1.0/24'), from(65010));
  tor.speaker.originate(parsePrefix('20.0.2.0/24'), from(65011));
  tor.speaker.originate(parsePrefix('30.0.1.0/24'), from(65010));
  node.speaker.originate(parsePrefix('20.0.3.0/24'));
  node.speaker.originate(parsePrefix('30.0.3.0/24'));
  network.until(() => tor.isUp(NODE) && node.isUp(TOR));
  network.run(1000);
  const best = (prefix: string) =>
    node.speaker.rib.why(parsePrefix(prefix))?.candidates.find((candidate) => candidate.best)?.attributes;
  const at = (prefix: string): boolean => tor.speaker.rib.why(parsePrefix(prefix)) !== undefined;
  return { network, tor, node, toTor, best, at };
}

t.test('import and export are filtered and changed', (t) => {
  const { best, at } = rack();
  t.equal(best('20.0.1.0/24')?.localPref, 200);
  t.equal(best('20.0.2.0/24')?.localPref, undefined);
  t.equal(best('30.0.1.0/24'), undefined);
  t.same([at('20.0.3.0/24'), at('30.0.3.0/24')], [true, false]);
  t.end();
});

t.test('a change that alters nothing sends nothing and asks for nothing', (t) => {
  const { network, node, toTor } = rack();
  const messages = () => {
    const view = node.speaker.peer(TOR)!;
    return [view.sent.update, view.sent.routeRefresh, view.received.update, view.received.routeRefresh];
  };
  const before = messages();
  const change = (policy: RoutePolicy): string => {
    const impact = node.updatePeer({ ...toTor, import: policy, export: policy });
    network.run(1000);
    return impact;
  };
  t.equal(change(structuredClone(POLICY)), 'none');
  t.equal(change({ ...POLICY, terms: POLICY.terms.map((term, i) => ({ ...term, name: `term ${i}` })) }), 'applied');
  t.same(messages(), before);
  const why = node.speaker.rib.why(parsePrefix('30.0.1.0/24'))?.candidates[0]?.importPolicy;
  t.same(why, { verdict: 'reject', decided: undefined, passed: [{ index: 0, name: 'term 0' }] });
  t.equal(node.speaker.rib.why(parsePrefix('20.0.2.0/24'))?.candidates[0]?.importPolicy?.decided?.name, 'term 1');
  t.end();
});

t.test('a change of import is applied to what is here; one of export to what is there; the session stays', (t) => {
  const { network, tor, node, toTor, best, at } = rack();
  const other: RoutePolicy = {
    terms: [{ match: { prefixes: [{ prefix: parsePrefix('30.0.0.0/8'), le: 32 }] }, action: 'accept' }],
    otherwise: 'reject',
  };
  const received = node.speaker.peer(TOR)!.received.update;
  t.equal(node.updatePeer({ ...toTor, import: other, export: POLICY }), 'soft-refresh');
  network.run(1000);
  t.ok(best('30.0.1.0/24'));
  t.notOk(best('20.0.1.0/24'));
  t.same([at('20.0.3.0/24'), at('30.0.3.0/24')], [true, false], 'export as before');
  t.equal(node.speaker.peer(TOR)!.received.update, received, 'nothing had to come again');
  t.equal(node.updatePeer({ ...toTor, import: other, export: other }), 'soft-refresh');
  network.run(1000);
  const now = (prefix: string) => tor.speaker.rib.why(parsePrefix(prefix));
  t.same([now('20.0.3.0/24') !== undefined, now('30.0.3.0/24') !== undefined], [false, true]);
  t.equal(node.speaker.peer(TOR)!.dropped, 0);
  t.end();
});
