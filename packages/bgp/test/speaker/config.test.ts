/** Peers as users write them. */
import { parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { BgpConfigError, classifyChange, type PeerConfig, resolvePeerConfig } from '../../src/index.js';

const speaker = { asn: 65001, routerId: 1 };
const peer: PeerConfig = { name: 'tor', remoteAddress: parseAddress('192.0.2.1'), remoteAsn: 65002 };

t.test('defaults', (t) => {
  t.match(resolvePeerConfig(peer, speaker), {
    remotePort: 179,
    localAsn: 65001,
    passive: false,
    families: ['ipv4-unicast', 'ipv6-unicast'],
    holdTimeS: 90,
    keepaliveS: undefined,
    connectRetryS: 5,
    nextHopMode: 'auto',
    gracefulRestart: { helper: true, restartTimeS: 120, staleTimeS: 300, notification: true },
    extendedMessages: true,
  });
  t.equal(resolvePeerConfig({ ...peer, gracefulRestart: false }, speaker).gracefulRestart, undefined);
  t.match(resolvePeerConfig({ ...peer, gracefulRestart: { restartTimeS: 9 } }, speaker).gracefulRestart, {
    helper: true,
    restartTimeS: 9,
  });
  t.end();
});

const mistakes: readonly (readonly [Partial<PeerConfig>, string])[] = [
  [{ name: '' }, 'name'],
  [{ remoteAsn: 0 }, 'remoteAsn'],
  [{ remoteAsn: 2 ** 32 }, 'remoteAsn'],
  [{ remoteAsn: 1.5 }, 'remoteAsn'],
  [{ localAsn: 0 }, 'localAsn'],
  [{ remotePort: 0 }, 'remotePort'],
  [{ holdTimeS: 1 }, 'holdTimeS'],
  [{ holdTimeS: 2 }, 'holdTimeS'],
  [{ holdTimeS: 65536 }, 'holdTimeS'],
  [{ keepaliveS: 0 }, 'keepaliveS'],
  [{ connectRetryS: 0 }, 'connectRetryS'],
  [{ delayOpenS: -1 }, 'delayOpenS'],
  [{ ttlSecurityHops: 255 }, 'ttlSecurityHops'],
  [{ ttlSecurityHops: 1, multihopTtl: 5 }, 'multihopTtl'],
  [{ password: '' }, 'password'],
  [{ password: 'x'.repeat(81) }, 'password'],
  [{ localAddress: parseAddress('2001:db8::1') }, 'localAddress'],
  [{ routeReflectorClient: true }, 'routeReflectorClient'],
  [{ allowAsIn: 0 }, 'allowAsIn'],
  [{ allowAsIn: 11 }, 'allowAsIn'],
  [{ allowAsIn: 1.5 }, 'allowAsIn'],
  [{ remoteAsn: 65001, asOverride: true }, 'asOverride'],
  [{ remoteAsn: 65001, removePrivateAs: 'all' }, 'removePrivateAs'],
  [{ removePrivateAs: 'some' as 'all' }, 'removePrivateAs'],
  [{ import: { terms: [{ action: 'maybe' as 'next' }] } }, 'import'],
  [{ import: { terms: [{ action: 'accept', match: { asPaths: ['^1$', '(1'] } }] } }, 'import'],
  [{ import: { terms: [{ action: 'accept', match: { communities: [[65536, '*']] } }] } }, 'import'],
  [{ import: { terms: [{ action: 'accept', match: { med: { min: 2, max: 1 } } }] } }, 'import'],
  [{ import: { terms: [{ action: 'accept', match: { sources: ['self' as 'own'] } }] } }, 'import'],
  [{ import: { terms: [{ action: 'accept', set: { nextHop: 'self' } }] } }, 'import'],
  [{ export: { terms: [{ action: 'accept', set: { nextHop: 'peer' } }] } }, 'export'],
  [{ export: { terms: [{ action: 'accept', set: { prependAsns: [0] } }] } }, 'export'],
  [{ export: { terms: [{ action: 'accept', set: { localPref: -1 } }] } }, 'export'],
  [{ export: { terms: [], otherwise: 'next' as 'accept' } }, 'export'],
  [{ families: [] }, 'families'],
  [{ families: ['l2vpn-evpn' as 'ipv4-unicast'] }, 'families'],
  [{ gracefulRestart: { restartTimeS: 4096 } }, 'gracefulRestart'],
  [{ gracefulRestart: { longLivedStaleTimeS: 16777216 } }, 'gracefulRestart'],
  [{ gracefulRestart: { longLivedStaleTimeMaxS: -1 } }, 'gracefulRestart'],
  [{ localAsnPrependIn: true }, 'localAsnPrependIn'],
  [{ localAsn: 65001, localAsnPrependOut: true }, 'localAsnPrependOut'],
  [{ localAsn: 65002, localAsnPrependOut: true }, 'localAsnPrependOut'],
  [{ role: 'client' as 'rs-client' }, 'role'],
  [{ remoteAsn: 65001, role: 'peer' }, 'role'],
  [{ roleStrict: true }, 'roleStrict'],
  [{ maxPrefixes: 0 }, 'maxPrefixes'],
];

t.test('mistakes name the field', (t) => {
  for (const [change, field] of mistakes) {
    try {
      resolvePeerConfig({ ...peer, ...change }, speaker);
      t.fail(`${JSON.stringify(change)} was accepted`);
    } catch (error) {
      if (error instanceof BgpConfigError) t.equal(error.field, field, error.message);
      else throw error;
    }
  }
  t.end();
});

const policy = {
  terms: [{ match: { prefixes: [{ prefix: parsePrefix('10.0.0.0/8'), le: 24 }] }, action: 'accept' }],
} as const;

t.test('changes and what they cost', (t) => {
  const impact = (before: Partial<PeerConfig>, after: Partial<PeerConfig>): string =>
    classifyChange(
      resolvePeerConfig({ ...peer, ...before }, speaker),
      resolvePeerConfig({ ...peer, ...after }, speaker),
    ).impact;
  t.equal(impact({}, {}), 'none');
  t.equal(impact({}, { holdTimeS: 90, remotePort: 179 }), 'none', 'a default spelled out is no change');
  t.equal(impact({ import: policy }, { import: structuredClone(policy) }), 'none', 'an equal policy is no change');
  t.equal(impact({}, { description: 'x' }), 'applied');
  t.equal(impact({}, { import: policy }), 'soft-refresh');
  const named = { terms: policy.terms.map((term) => ({ ...term, name: 'x' })), otherwise: 'accept' as const };
  t.equal(impact({ import: policy, export: policy }, { import: named, export: named }), 'applied', 'names alone');
  t.equal(impact({ export: policy }, { export: { ...policy, otherwise: 'reject' } }), 'soft-refresh');
  t.equal(impact({}, { nextHopMode: 'self', description: 'x' }), 'soft-refresh', 'the strongest counts');
  for (const each of [{ allowAsIn: 1 }, { asOverride: true }, { removePrivateAs: 'all' }] as const) {
    t.equal(impact({}, each), 'soft-refresh');
    t.equal(impact(each, {}), 'soft-refresh');
  }
  const alias = { localAsn: 64999 };
  t.equal(impact(alias, { ...alias, localAsnPrependIn: true, localAsnPrependOut: true }), 'soft-refresh');
  t.equal(impact({}, { asOverride: false }), 'none');
  t.equal(impact({ addPathSendMax: 2 }, { addPathSendMax: 4 }), 'soft-refresh');
  t.equal(impact({}, { addPathSendMax: 4 }), 'session-reset', 'that is another capability');
  t.equal(impact({}, { password: 'x', description: 'x' }), 'session-reset');
  t.equal(impact({ localNextHops: [parseAddress('::1')] }, { localNextHops: [parseAddress('::2')] }), 'soft-refresh');
  t.equal(impact({}, { role: 'customer' }), 'session-reset');
  t.equal(impact({ role: 'customer' }, { role: 'customer', roleStrict: true }), 'session-reset');
  t.equal(impact({ gracefulRestart: {} }, { gracefulRestart: false }), 'session-reset');
  const restart = (fields: PeerConfig['gracefulRestart']): string => impact({}, { gracefulRestart: fields as object });
  t.equal(restart({ restartTimeS: 120 }), 'none');
  t.equal(restart({ helper: false, staleTimeS: 9, longLivedStaleTimeMaxS: 9 }), 'applied');
  t.equal(restart({ helper: false, longLivedPartial: true }), 'soft-refresh');
  t.equal(restart({ longLivedStaleTimeS: 0 }), 'session-reset');
  t.end();
});
