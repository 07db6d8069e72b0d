/** What others do to the nexthop objects behind routes of ours. */
import { execFileSync } from 'node:child_process';
import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import { type FibChange, openFibWriter } from '@tortie/linux/node';
import { type Host, kernelTest, type Lab, until } from '../support/kernel.js';

const PREFIXES = ['192.0.2.0/24', '198.51.100.0/24', '2001:db8:100::/48'] as const;

/** A writer whose owner applies at once what is told as lost. */
async function setUp(lab: Lab) {
  const [host, far] = [await lab.host(), await lab.host()];
  const [ifindex] = await lab.wire(host, far, ['10.0.0.1/24', '2001:db8::1/64'], []);
  const changes = PREFIXES.map((text): FibChange => {
    const gateway = parseAddress(text.includes(':') ? '2001:db8::2' : '10.0.0.2');
    return { prefix: parsePrefix(text), kind: 'unicast', nextHops: [{ gateway, ifindex: ifindex! }] };
  });
  const writer = await openFibWriter({
    netns: host.netns,
    onDisturbed: (what) => {
      if (what.type !== 'lost') return;
      const lost = new Set(what.prefixes.map(formatPrefix));
      void apply(changes.filter(({ prefix }) => lost.has(formatPrefix(prefix))));
    },
  });
  const refused: string[] = [];
  const apply = async (some: readonly FibChange[]): Promise<void> => {
    for (const result of await writer.apply(some)) if (!result.ok) refused.push(result.message);
  };
  lab.closing(() => writer.close());
  await apply(changes);
  return { host, writer, refused };
}

const ip = (host: Host, ...words: string[]): string =>
  execFileSync('ip', ['-n', host.netns, ...words], { encoding: 'utf8' });

const idsOf = (host: Host, version?: 4 | 6): string[] =>
  [...ip(host, 'nexthop').matchAll(/^id (\d+) via (\S+)/gm)]
    .filter(([, , gateway]) => version === undefined || gateway!.includes(':') === (version === 6))
    .map(([, id]) => id!);

/** Whether each prefix leads to its gateway. */
const isWhole = (host: Host): boolean =>
  PREFIXES.every((prefix) => {
    const shown = ip(host, prefix.includes(':') ? '-6' : '-4', 'route', 'show', prefix);
    return shown.includes(' via ') && !shown.includes('blackhole');
  });

for (const [name, deed] of [
  ['all are flushed', (host: Host) => ip(host, 'nexthop', 'flush')],
  [
    'one after the other is deleted',
    (host: Host) => {
      for (const id of idsOf(host)) ip(host, 'nexthop', 'del', 'id', id);
    },
  ],
  [
    'each is made a blackhole',
    (host: Host) => {
      for (const version of [4, 6] as const)
        for (const id of idsOf(host, version)) ip(host, `-${version}`, 'nexthop', 'replace', 'id', id, 'blackhole');
    },
  ],
  [
    'they are flushed, and others take the ids that follow',
    (host: Host) => {
      const next = Math.max(...idsOf(host).map(Number)) + 1;
      ip(host, 'nexthop', 'flush');
      for (let id = next; id < next + 5; id++) {
        try {
          ip(host, 'nexthop', 'add', 'id', String(id), 'blackhole');
        } catch {
          // The writer was first.
        }
      }
    },
  ],
] as const) {
  kernelTest(`nexthop objects of ours: ${name}`, async (t, lab) => {
    const { host, writer, refused } = await setUp(lab);
    if (!writer.usesNexthopObjects) return void t.plan(0, 'this kernel has no nexthop objects');
    t.ok(isWhole(host), 'the routes are there');
    for (let round = 0; round < 2; round++) {
      deed(host);
      await until(() => isWhole(host));
    }
    t.same(refused, [], 'and nothing was given up meanwhile');
  });
}
