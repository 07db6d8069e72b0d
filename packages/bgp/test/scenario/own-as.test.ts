/** Two sites with one AS number behind a provider, and private numbers: allowAsIn, asOverride, removePrivateAs. */
import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import type { PeerConfig } from '../../src/index.js';
import { SimNetwork, type SimRouter } from '../../testing/index.js';

const PROVIDER = '10.0.0.1';
const SITE_1 = '10.0.0.11';
const SITE_2 = '10.0.0.12';
const PREFIX = '20.0.11.0/24';

type Options = Partial<Pick<PeerConfig, 'allowAsIn' | 'asOverride' | 'removePrivateAs'>>;

const best = (router: SimRouter, prefix: string) =>
  router.speaker.rib.why(parsePrefix(prefix))?.candidates.find((candidate) => candidate.best);

/** Both sites peer with the provider; the first originates a prefix. */
function sites(asns: { readonly provider: number; readonly one: number; readonly two: number }) {
  const network = new SimNetwork();
  const provider = network.router({ address: PROVIDER, asn: asns.provider });
  const one = network.router({ address: SITE_1, asn: asns.one });
  const two = network.router({ address: SITE_2, asn: asns.two });
  const toTwo = { at: SITE_2, remoteAsn: asns.two, passive: true };
  const toProvider = { at: PROVIDER, remoteAsn: asns.provider };
  provider.addPeer({ at: SITE_1, remoteAsn: asns.one, passive: true });
  provider.addPeer(toTwo);
  one.addPeer(toProvider);
  two.addPeer(toProvider);
  one.speaker.originate(parsePrefix(PREFIX));
  network.until(() => provider.isUp(SITE_1) && provider.isUp(SITE_2));
  network.run(1000);
  const path = (): readonly number[] | undefined =>
    best(two, PREFIX)?.attributes.asPath?.flatMap((segment) => segment.asns);
  return {
    two,
    path,
    atProvider: (options: Options): string => {
      const impact = provider.updatePeer({ ...toTwo, ...options });
      network.run(1000);
      return impact;
    },
    atSiteTwo: (options: Options): string => {
      const impact = two.updatePeer({ ...toProvider, ...options });
      network.run(1000);
      return impact;
    },
  };
}

t.test('allowAsIn: a site takes what comes from its own AS elsewhere', (t) => {
  const { two, path, atSiteTwo } = sites({ provider: 3356, one: 65010, two: 65010 });
  t.equal(path(), undefined, 'a loop');
  t.equal(atSiteTwo({ allowAsIn: 1 }), 'soft-refresh');
  t.same(path(), [3356, 65010]);
  t.equal(atSiteTwo({}), 'soft-refresh');
  t.equal(path(), undefined, 'a loop again');
  t.equal(two.speaker.peer(PROVIDER)?.dropped, 0);
  t.end();
});

t.test('asOverride: the provider hides that both sites have one AS', (t) => {
  const { two, path, atProvider } = sites({ provider: 3356, one: 65010, two: 65010 });
  t.equal(path(), undefined);
  t.equal(atProvider({ asOverride: true }), 'soft-refresh');
  t.same(path(), [3356, 3356]);
  t.equal(atProvider({}), 'soft-refresh');
  t.equal(path(), undefined);
  t.equal(two.speaker.peer(PROVIDER)?.dropped, 0);
  t.end();
});

t.test('removePrivateAs: private numbers stay inside', (t) => {
  const { two, path, atProvider } = sites({ provider: 3356, one: 65010, two: 2914 });
  t.same(path(), [3356, 65010]);
  t.equal(atProvider({ removePrivateAs: 'all' }), 'soft-refresh');
  t.same(path(), [3356]);
  t.equal(atProvider({ removePrivateAs: 'replace' }), 'soft-refresh');
  t.same(path(), [3356, 3356]);
  t.equal(atProvider({}), 'soft-refresh');
  t.same(path(), [3356, 65010]);
  t.equal(two.speaker.peer(PROVIDER)?.dropped, 0);
  t.end();
});

t.test('localAsn: the other number alone is in OPEN and AS_PATH', (t) => {
  const network = new SimNetwork();
  const provider = network.router({ address: PROVIDER, asn: 3356 });
  const one = network.router({ address: SITE_1, asn: 65010 });
  const two = network.router({ address: SITE_2, asn: 65020 });
  provider.addPeer({ at: SITE_1, remoteAsn: 65010, passive: true });
  provider.addPeer({ at: SITE_2, remoteAsn: 65020, passive: true, localAsn: 64999 });
  one.addPeer({ at: PROVIDER, remoteAsn: 3356 });
  two.addPeer({ at: PROVIDER, remoteAsn: 64999 });
  one.speaker.originate(parsePrefix(PREFIX));
  two.speaker.originate(parsePrefix('20.0.12.0/24'));
  network.until(() => provider.isUp(SITE_1) && provider.isUp(SITE_2));
  network.run(1000);
  const path = (router: SimRouter, prefix: string) => best(router, prefix)?.attributes.asPath[0]?.asns;
  t.same(path(two, PREFIX), [64999, 65010]);
  t.same(path(one, '20.0.12.0/24'), [3356, 65020]);
  t.end();
});
