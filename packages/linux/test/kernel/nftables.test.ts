import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { formatPrefix, parsePrefix } from '@tortie/ip';
import type { NftElements, NftLayout } from '@tortie/linux';
import { openNftables } from '@tortie/linux/node';
import t from 'tap';
import { kernelTest, until } from '../support/kernel.js';

const run = promisify(execFile);
const hasNft = await run('nft', ['--version']).then(
  () => true,
  () => false,
);
if (!hasNft) t.comment('nft is not installed: what the kernel has is not compared with what nft shows of it');

const TABLE = { family: 'inet', name: 'tortie' } as const;
const LAYOUT: NftLayout = {
  chains: [{ name: 'postrouting', type: 'nat', hook: 'postrouting', priority: 110 }],
  sets: [
    { name: 'from4', version: 4 },
    { name: 'from6', version: 6 },
  ],
  rules: [
    {
      chain: 'postrouting',
      comment: 'first',
      expressions: [
        { type: 'version', version: 4 },
        { type: 'address-in', version: 4, which: 'source', set: 'from4' },
        { type: 'address-in', version: 4, which: 'destination', set: 'from4', not: true },
        { type: 'counter' },
        { type: 'masquerade' },
      ],
    },
    {
      chain: 'postrouting',
      comment: 'second',
      expressions: [
        { type: 'version', version: 6 },
        { type: 'address-in', version: 6, which: 'source', set: 'from6' },
        { type: 'address-in', version: 6, which: 'destination', set: 'from6', not: true },
        { type: 'masquerade' },
      ],
    },
  ],
};

const sets = (from4: readonly string[], from6: readonly string[] = []): NftElements => ({
  from4: from4.map(parsePrefix),
  from6: from6.map(parsePrefix),
});

kernelTest('a table is made, read, changed and removed, and stands as nft shows it', async (t, lab) => {
  const { netns } = await lab.host();
  const ours = await openNftables({ netns, table: TABLE });
  lab.closing(() => ours.close());
  const nft = async (...words: string[]): Promise<string> =>
    (await run('ip', ['netns', 'exec', netns, 'nft', ...words])).stdout;
  const has = async (index: 0 | 1): Promise<string[] | undefined> =>
    (await ours.prefixes(LAYOUT.sets[index]!))?.map(formatPrefix);

  t.equal(await ours.rules(), undefined, 'there is none at first');
  t.equal(await has(0), undefined);
  const edges = ['0.0.0.0/8', '10.244.0.0/16', '10.245.0.0/16', '192.0.2.7/32', '255.255.255.0/24'];
  await ours.replace(LAYOUT, sets(edges, ['fd00:10:244::/48', 'ff00::/8']));
  t.same(await ours.rules(), [
    { chain: 'postrouting', comment: 'first' },
    { chain: 'postrouting', comment: 'second' },
  ]);
  t.same(await has(0), edges);
  t.same(await has(1), ['fd00:10:244::/48', 'ff00::/8']);
  t.match(await ours.chains(), [
    { family: 1, table: 'tortie', name: 'postrouting', hook: 'postrouting', priority: 110, policy: 'accept' },
  ]);
  if (hasNft) {
    const text = await nft('list', 'table', 'inet', 'tortie');
    t.match(text, /type nat hook postrouting priority (srcnat \+ 10|110); policy accept;/);
    t.match(
      text,
      /ip saddr @from4 ip daddr != @from4 counter packets 0 bytes 0 masquerade fully-random comment "first"/,
    );
    t.match(text, /ip6 saddr @from6 ip6 daddr != @from6 masquerade fully-random comment "second"/);
    t.match(text, /10\.244\.0\.0\/16,\s+10\.245\.0\.0\/16/);
    t.match(text, /255\.255\.255\.0\/24/);
  }
  await ours.change(sets(['10.245.0.0/16', '0.0.0.0/8'], ['ff00::/8']), sets(['10.245.7.0/24'], ['fd01::/64']));
  t.same(await has(0), ['10.244.0.0/16', '10.245.7.0/24', '192.0.2.7/32', '255.255.255.0/24']);
  t.same(await has(1), ['fd00:10:244::/48', 'fd01::/64']);

  await t.rejects(ours.change(sets(['1.2.3.0/24']), sets(['9.0.0.0/8'])), {
    code: 'ERR_LINUX_NETLINK',
    errnoName: 'ENOENT',
  });
  t.notOk((await has(0))?.includes('9.0.0.0/8'), 'a batch is taken whole or not at all');
  await t.rejects(ours.change({}, sets(['10.244.1.0/24'])), { code: 'ERR_LINUX_NETLINK', errnoName: 'EEXIST' });

  const many = Array.from({ length: 5000 }, (_, at) => `11.${at >> 8}.${at & 255}.0/25`);
  await ours.change({}, sets(many));
  t.equal((await has(0))?.length, 5004, 'more than one message holds');
  await ours.replace(LAYOUT, sets(['10.0.0.0/8']));
  t.same(await has(0), ['10.0.0.0/8'], 'what was there is gone');
  await ours.remove();
  t.equal(await ours.rules(), undefined);
  await ours.remove();
});

kernelTest('what comes by an interface without a way back over it is dropped', async (t, lab) => {
  const { netns } = await lab.host();
  const ours = await openNftables({ netns, table: TABLE });
  lab.closing(() => ours.close());
  await ours.replace(
    {
      chains: [{ name: 'sources', type: 'filter', hook: 'prerouting', priority: -310 }],
      sets: [],
      rules: [
        {
          chain: 'sources',
          comment: 'own',
          expressions: [
            { type: 'in-interface', prefix: 'tor' },
            { type: 'sent-to', mac: 'ee:ee:ee:ee:ee:07' },
            { type: 'no-way-back' },
            { type: 'counter' },
            { type: 'drop' },
          ],
        },
      ],
    },
    {},
  );
  t.same(await ours.rules(), [{ chain: 'sources', comment: 'own' }]);
  if (!hasNft) return;
  const { stdout } = await run('ip', ['netns', 'exec', netns, 'nft', 'list', 'table', 'inet', 'tortie']);
  t.match(
    stdout,
    /iifname "tor\*" ether daddr ee:ee:ee:ee:ee:07 fib saddr \. iif oif (missing|0) counter packets 0 bytes 0 drop comment "own"/,
  );
  t.match(stdout, /type filter hook prerouting priority (raw - 10|-310); policy accept;/);
});

kernelTest('what others do to our table is told, what we do and what happens elsewhere is not', async (t, lab) => {
  const [{ netns }] = [await lab.host()];
  let disturbed = 0;
  const ours = await openNftables({ netns, table: TABLE, onDisturbed: () => disturbed++ });
  const other = await openNftables({ netns, table: TABLE });
  const elsewhere = await openNftables({ netns, table: { family: 'ip', name: 'tortie' } });
  lab.closing(() => {
    for (const each of [ours, other, elsewhere]) each.close();
  });
  await ours.replace(LAYOUT, sets(['10.0.0.0/8']));
  await elsewhere.replace({ chains: [], sets: LAYOUT.sets, rules: [] }, sets(['10.0.0.0/8']));
  await elsewhere.remove();
  await ours.change({}, sets(['11.0.0.0/8']));
  t.equal(disturbed, 0);
  await other.change(sets(['11.0.0.0/8']), {});
  await until(() => disturbed > 0);
  disturbed = 0;
  await other.remove();
  await until(() => disturbed > 0);
  t.equal(await ours.rules(), undefined);
});
