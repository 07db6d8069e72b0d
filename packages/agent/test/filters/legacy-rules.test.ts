/** What `iptables-legacy -S` prints, and what becomes of an ordinary packet between pods. */
import { parseAddress } from '@tortie/ip';
import { type JudgedPacket, judge } from '@tortie/linux';
import t from 'tap';
import { readLegacyFilter } from '../../src/filters/legacy-rules.js';

const packet = (from: string, to: string, source: string, destination: string): JudgedPacket => ({
  in: from,
  out: to,
  source: parseAddress(source),
  destination: parseAddress(destination),
});
const OUT = packet('tor0123456789a', 'eth0', '10.244.0.7', '10.244.9.9');
const OUT6 = packet('tor0123456789a', 'eth0', 'fd00:10:244::7', 'fd00:10:244::9');
const POLICY = '-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n';
const OPEN = POLICY.replace('FORWARD DROP', 'FORWARD ACCEPT');

const CASES: readonly (readonly [
  name: string,
  printed: string,
  verdict: string,
  unjudged?: readonly [rule: string, what: string] | undefined,
  packet?: JudgedPacket,
])[] = [
  ['a policy alone', POLICY, 'drop'],
  ['an open one', OPEN, 'accept'],
  ['an interface', `${POLICY}-A FORWARD -i tor+ -j ACCEPT`, 'accept'],
  ['another one', `${POLICY}-A FORWARD -i docker0 -j ACCEPT`, 'drop'],
  ['any but another one', `${POLICY}-A FORWARD ! -i docker0 -o eth0 -j ACCEPT`, 'accept'],
  ['a whole name is no beginning', `${POLICY}-A FORWARD -i tor -j ACCEPT`, 'drop'],
  ['a source', `${POLICY}-A FORWARD -s 10.244.0.0/16 -j ACCEPT`, 'accept'],
  ['one of an odd length', `${POLICY}-A FORWARD -s 10.240.0.0/13 -j ACCEPT`, 'accept'],
  ['the next one', `${POLICY}-A FORWARD -s 10.248.0.0/13 -j ACCEPT`, 'drop'],
  ['any destination but one', `${POLICY}-A FORWARD ! -d 10.244.9.9/32 -j ACCEPT`, 'drop'],
  ['IPv6', `${POLICY}-A FORWARD -s fd00:10:244::/48 -d fd00::/8 -j ACCEPT`, 'accept', undefined, OUT6],
  ['another protocol', `${POLICY}-A FORWARD -p udp -j ACCEPT`, 'drop'],
  ['states', `${POLICY}-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`, 'drop'],
  ['new ones', `${POLICY}-A FORWARD -m state --state NEW -m comment --comment "all - new" -j ACCEPT`, 'accept'],
  ['not those', `${POLICY}-A FORWARD -m conntrack ! --ctstate INVALID -j ACCEPT`, 'accept'],
  ['a rule that drops', `${OPEN}-A FORWARD -s 10.0.0.0/8 -j DROP`, 'drop'],
  [
    'one that refuses, in a chain of its own',
    `${OPEN}-N own\n-A FORWARD -j own\n-A own -j LOG --log-prefix "no -j DROP "\n-A own -j REJECT --reject-with icmp-port-unreachable`,
    'reject',
  ],
  [
    'a return',
    `${POLICY}-N own\n-A FORWARD -j own\n-A FORWARD -j ACCEPT\n-A own -s 10.0.0.0/8 -j RETURN\n-A own -j DROP`,
    'accept',
  ],
  [
    'an ipset',
    `${OPEN}-A FORWARD -m set --match-set bad src -j DROP`,
    'unknown',
    ['-A FORWARD -m set --match-set bad src -j DROP', '-m set --match-set bad src'],
  ],
  [
    'an ipset that must not hold it',
    `${POLICY}-A FORWARD -i tor+ -m set ! --match-set bad dst -j ACCEPT`,
    'unknown',
    ['-A FORWARD -i tor+ -m set ! --match-set bad dst -j ACCEPT', '-m set ! --match-set bad dst'],
  ],
  ['an ipset that does not matter', `${POLICY}-A FORWARD -m set --match-set bad src -j DROP`, 'drop'],
  [
    'what comes behind it does',
    `${POLICY}-A FORWARD -m set --match-set bad src ! -i eth0 -j DROP\n-A FORWARD -j ACCEPT`,
    'unknown',
    ['-A FORWARD -m set --match-set bad src ! -i eth0 -j DROP', '-m set --match-set bad src'],
  ],
  [
    'a condition nobody here has heard of',
    `${OPEN}-A FORWARD --odd -j DROP`,
    'unknown',
    ['-A FORWARD --odd -j DROP', '--odd'],
  ],
];

for (const [name, printed, verdict, unjudged, one = OUT] of CASES) {
  t.test(name, async (t) => {
    const { policy, contents } = readLegacyFilter(`${printed}\n`, one.source.version);
    const found = judge(contents, { name: 'FORWARD', policy }, one);
    t.equal(found.verdict, verdict);
    t.same(found.unjudged && [found.unjudged.rule, found.unjudged.what], unjudged);
  });
}
