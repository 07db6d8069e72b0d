import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { parseAddress } from '@tortie/ip';
import { type JudgedPacket, judge, rulesByChain } from '@tortie/linux';
import { hookedChains } from '@tortie/linux/node';
import { kernelTest } from '../support/kernel.js';

const run = promisify(execFile);
const has = (command: string): Promise<boolean> =>
  run(command, ['--version']).then(
    () => true,
    () => false,
  );
const tools = { nft: await has('nft'), 'iptables-nft-restore': await has('iptables-nft-restore') };

const packet = (from: string, to: string, source: string, destination: string): JudgedPacket => ({
  in: from,
  out: to,
  source: parseAddress(source),
  destination: parseAddress(destination),
});
const OUT = packet('tor0123456789a', 'eth0', '10.244.0.7', '10.244.9.9');
const INTO = packet('eth0', 'tor0123456789a', '10.244.9.9', '10.244.0.7');
const OUT6 = packet('tor0123456789a', 'eth0', 'fd00:10:244::7', 'fd00:10:244::9');

const DOCKER = `
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER-FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -o docker0 -j DOCKER
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
`;
/** `other`: the chain that rules may call. */
const table = (rules: string, policy = 'drop', other = 'accept'): string => `table inet t {
  chain other { ${other}
  }
  chain f {
    type filter hook forward priority 0; policy ${policy};
    ${rules}
  }
}
`;

const RULES: readonly {
  readonly name: string;
  readonly tool: keyof typeof tools;
  readonly rules: string;
  readonly packet?: JudgedPacket;
  readonly verdict: string;
  readonly rule?: string;
}[] = [
  { name: "Docker's policy", tool: 'iptables-nft-restore', rules: `${DOCKER}COMMIT\n`, verdict: 'drop' },
  {
    name: "Docker's policy, on the way in",
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}COMMIT\n`,
    packet: INTO,
    verdict: 'drop',
  },
  {
    name: 'Docker, with an exception by interface where exceptions belong',
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}-A DOCKER-USER -i tor+ -m comment --comment pods -j ACCEPT\nCOMMIT\n`,
    verdict: 'accept',
    rule: 'DOCKER-USER',
  },
  {
    name: 'an exception for the other direction alone',
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}-A DOCKER-USER -i tor+ -j ACCEPT\nCOMMIT\n`,
    packet: INTO,
    verdict: 'drop',
  },
  {
    name: 'an exception by pool',
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}-A FORWARD -d 10.244.0.0/20 -s 10.244.0.0/20 -j ACCEPT\nCOMMIT\n`,
    verdict: 'accept',
    rule: 'FORWARD',
  },
  {
    name: 'an exception for another pool',
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}-A FORWARD -s 10.245.0.0/20 -j ACCEPT\nCOMMIT\n`,
    verdict: 'drop',
  },
  {
    name: 'one that is an extension nobody can judge',
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}-A FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT\nCOMMIT\n`,
    verdict: 'drop',
  },
  {
    name: 'a firewall that refuses what nobody accepted, at its end',
    tool: 'nft',
    rules: table(
      'ct state established,related accept; iifname "lo" accept; reject with icmpx admin-prohibited',
      'accept',
    ),
    verdict: 'reject',
    rule: 'f',
  },
  { name: 'an accepting policy', tool: 'nft', rules: table('oifname "docker0" drop', 'accept'), verdict: 'accept' },
  { name: 'an exception by name', tool: 'nft', rules: table('iifname "tor*" accept'), verdict: 'accept', rule: 'f' },
  {
    name: 'a drop before it',
    tool: 'nft',
    rules: table('meta l4proto tcp drop; iifname "tor*" accept', 'accept'),
    verdict: 'drop',
    rule: 'f',
  },
  {
    name: 'a chain that is called',
    tool: 'nft',
    rules: table('meta nfproto ipv4 jump other'),
    verdict: 'accept',
    rule: 'other',
  },
  {
    name: 'and for the other IP version',
    tool: 'nft',
    rules: table('meta nfproto ipv4 jump other'),
    packet: OUT6,
    verdict: 'drop',
  },
  {
    name: 'a chain that is gone to and says nothing: the rest is not looked at',
    tool: 'nft',
    rules: table('ip daddr 10.244.0.0/16 goto other; drop', 'accept', ''),
    verdict: 'accept',
  },
  {
    name: 'IPv6 by prefix',
    tool: 'nft',
    rules: table('ip6 saddr fd00:10:244::/48 accept'),
    packet: OUT6,
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'other addresses of IPv6',
    tool: 'nft',
    rules: table('ip6 saddr fd00:10:245::/48 accept'),
    packet: OUT6,
    verdict: 'drop',
  },
  { name: 'not from there', tool: 'nft', rules: table('iifname != "eth0" accept'), verdict: 'accept', rule: 'f' },
];

for (const { name, tool, rules, packet: one = OUT, verdict, rule } of RULES) {
  kernelTest(`the verdict of chains at the forward hook: ${name}`, async (t, lab) => {
    if (!tools[tool]) return void t.plan(0, `${tool} is not installed`);
    const { netns } = await lab.host();
    const args = tool === 'nft' ? ['-f', '-'] : [];
    const child = spawn('ip', ['netns', 'exec', netns, tool, ...args], { stdio: ['pipe', 'inherit', 'inherit'] });
    child.stdin.end(rules);
    t.same(await once(child, 'exit'), [0, null]);
    const [chain, ...more] = await hookedChains('forward', { netns });
    t.equal(more.length, 0);
    t.same(judge(rulesByChain(chain!.rules), chain!, one), { verdict, rule });
  });
}
