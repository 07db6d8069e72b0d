/** Rules of packet filters as people and programs write them, and what becomes of an ordinary packet between pods. */
import { parseAddress } from '@tortie/ip';
import type { JudgedPacket } from '@tortie/linux';

const packet = (from: string, to: string, source: string, destination: string): JudgedPacket => ({
  in: from,
  out: to,
  source: parseAddress(source),
  destination: parseAddress(destination),
});
export const OUT = packet('tor0123456789a', 'eth0', '10.244.0.7', '10.244.9.9');
export const INTO = packet('eth0', 'tor0123456789a', '10.244.9.9', '10.244.0.7');
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
/** `other`: the chain that rules may call; `sets`: what stands before it. */
const table = (rules: string, policy = 'drop', other = 'accept', sets = ''): string => `table inet t {
  ${sets}
  chain other { ${other}
  }
  chain f {
    type filter hook forward priority 0; policy ${policy};
    ${rules}
  }
}
`;

export const RULES: readonly {
  readonly name: string;
  readonly tool: 'nft' | 'iptables-nft-restore';
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
    name: 'one by a mark nobody has set',
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}-A FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT\nCOMMIT\n`,
    verdict: 'drop',
  },
  {
    name: 'one by a mark that a rule before it sets',
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}-A FORWARD -s 10.244.0.0/16 -j MARK --set-xmark 0x4000/0x4000
-A FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT\nCOMMIT\n`,
    verdict: 'accept',
    rule: 'FORWARD',
  },
  {
    name: 'one that is an extension nobody can judge',
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}-A FORWARD -m string --string x --algo bm -j ACCEPT\nCOMMIT\n`,
    verdict: 'unknown',
  },
  {
    name: 'one for what belongs to connections, as ufw and libvirt have it',
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m state --state RELATED -j ACCEPT\nCOMMIT\n`,
    verdict: 'drop',
  },
  {
    name: 'one for new connections',
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}-A FORWARD -m conntrack --ctstate NEW -m addrtype ! --dst-type LOCAL -j ACCEPT\nCOMMIT\n`,
    verdict: 'accept',
    rule: 'FORWARD',
  },
  {
    name: 'one for ports of services',
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}-A FORWARD -p tcp -m tcp --dport 443 -j ACCEPT\nCOMMIT\n`,
    verdict: 'drop',
  },
  {
    name: "kube-proxy's",
    tool: 'iptables-nft-restore',
    rules: `${DOCKER}:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n`,
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
  {
    name: 'an anonymous set',
    tool: 'nft',
    rules: table('ip saddr { 10.9.0.1, 10.244.0.7 } accept'),
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'and one without us',
    tool: 'nft',
    rules: table('ip saddr { 10.9.0.1, 10.244.0.8 } accept'),
    verdict: 'drop',
  },
  {
    name: 'ranges',
    tool: 'nft',
    rules: table('ip saddr { 10.9.0.1, 10.240.0.0-10.244.0.7 } accept'),
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'ranges that end before',
    tool: 'nft',
    rules: table('ip saddr { 10.240.0.0-10.244.0.6, 10.244.0.8/29 } accept'),
    verdict: 'drop',
  },
  {
    name: 'ranges that touch',
    tool: 'nft',
    rules: table('ip saddr { 10.244.0.0/30, 10.244.0.4-10.244.0.7, 10.244.0.8/32 } accept'),
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'not in a set',
    tool: 'nft',
    rules: table('ip saddr != { 10.9.0.0/16 } accept'),
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'a named set of prefixes',
    tool: 'nft',
    rules: table(
      'ip6 saddr @pods accept',
      'drop',
      'accept',
      'set pods { type ipv6_addr; flags interval; elements = { fd00:10:244::/112 } }',
    ),
    packet: OUT6,
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'a named set that is empty',
    tool: 'nft',
    rules: table('ip saddr @pods accept', 'drop', 'accept', 'set pods { type ipv4_addr; }'),
    verdict: 'drop',
  },
  {
    name: 'a blocklist, as crowdsec and fail2ban have it',
    tool: 'nft',
    rules: table(
      'ip saddr @bad drop',
      'accept',
      'accept',
      'set bad { type ipv4_addr; flags timeout; elements = { 192.0.2.1 timeout 1h } }',
    ),
    verdict: 'accept',
  },
  {
    name: 'names of interfaces, with wildcards',
    tool: 'nft',
    rules: table('iifname { "cali*", "tor*" } oifname { "eth0", "eth1" } accept'),
    verdict: 'accept',
    rule: 'f',
  },
  { name: 'and others', tool: 'nft', rules: table('iifname { "cali*", "tos*" } accept'), verdict: 'drop' },
  {
    name: 'a verdict map by interface, as firewalld goes to zones',
    tool: 'nft',
    rules: table('iifname vmap { "lo" : accept, "tor0123456789a" : goto other }', 'accept', 'drop'),
    verdict: 'drop',
    rule: 'other',
  },
  {
    name: 'a verdict map by prefix',
    tool: 'nft',
    rules: table('ip saddr vmap { 10.0.0.0/9 : drop, 10.128.0.0/9 : accept }'),
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'a verdict map by state, which says nothing of new connections',
    tool: 'nft',
    rules: table('ct state vmap { established : accept, related : accept, invalid : drop }'),
    verdict: 'drop',
  },
  {
    name: 'a catch-all',
    tool: 'nft',
    rules: table('oifname vmap { "docker0" : drop, * : accept }'),
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'several fields',
    tool: 'nft',
    rules: table(
      'iifname . ip saddr . meta l4proto { "eth0" . 10.244.0.7 . tcp, "tor0123456789a" . 10.244.0.7 . tcp } accept',
    ),
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'several fields with ranges',
    tool: 'nft',
    rules: table('ip saddr . ip daddr { 10.244.0.0/24 . 10.244.8.0-10.244.9.255, 10.245.0.0/16 . 10.0.0.0/8 } accept'),
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'one of several fields outside of its range',
    tool: 'nft',
    rules: table('ip saddr . ip daddr { 10.244.0.0/24 . 10.244.8.0-10.244.8.255, 10.245.0.0/16 . 10.0.0.0/8 } accept'),
    verdict: 'drop',
  },
  {
    name: 'a map to a mark, and the mark',
    tool: 'nft',
    rules: table(
      'meta mark set ip saddr map { 10.244.0.0/16 : 0x20, 10.0.0.0/9 : 0x10 }; meta mark & 0xf0 == 0x20 accept',
    ),
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'a mark of the connection',
    tool: 'nft',
    rules: table('ct mark set 5; ct mark 4-6 accept'),
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'a mark that is set only perhaps',
    tool: 'nft',
    rules: table('ip ttl 64 meta mark set 1; meta mark 1 accept'),
    verdict: 'unknown',
  },
  { name: 'ports of services', tool: 'nft', rules: table('tcp dport { 22, 80, 443 } accept'), verdict: 'drop' },
  { name: 'a limit of what passes', tool: 'nft', rules: table('limit rate 10/second accept'), verdict: 'unknown' },
  {
    name: 'a limit of what is too much',
    tool: 'nft',
    rules: table('limit rate over 10/second drop', 'accept'),
    verdict: 'unknown',
  },
  { name: 'a quota', tool: 'nft', rules: table('quota over 10 mbytes drop', 'accept'), verdict: 'unknown' },
  {
    name: 'a condition nobody knows, before what decides alike',
    tool: 'nft',
    rules: table('ip ttl 64 accept', 'accept'),
    verdict: 'accept',
    rule: 'f',
  },
  {
    name: 'a chain that is called only perhaps, and drops',
    tool: 'nft',
    rules: table('ip ttl 64 jump other; accept', 'accept', 'drop'),
    verdict: 'unknown',
  },
  {
    name: 'a chain that is left only perhaps',
    tool: 'nft',
    rules: table('jump other; accept', 'drop', 'ip ttl 64 return; drop'),
    verdict: 'unknown',
  },
  {
    name: 'both ways are refused, by a rule or by the policy',
    tool: 'nft',
    rules: table('ip ttl 64 drop'),
    verdict: 'drop',
    rule: 'f',
  },
  {
    name: 'a list too long to be read',
    tool: 'nft',
    rules: table(
      'ip saddr @bad drop',
      'accept',
      'accept',
      `set bad { type ipv4_addr; elements = { ${Array.from({ length: 20_050 }, (_, at) => `11.0.${at >> 8}.${at & 255}`).join()} } }`,
    ),
    verdict: 'unknown',
  },
  { name: 'not from there', tool: 'nft', rules: table('iifname != "eth0" accept'), verdict: 'accept', rule: 'f' },
];
