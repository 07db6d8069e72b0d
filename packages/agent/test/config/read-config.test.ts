/** Files that are configurations, and what is said of those that are none. Longer than other files: a row for each mistake. */
import t from 'tap';
import { ConfigError } from '../../src/config/config-error.js';
import { readConfig } from '../../src/config/read-config.js';

const read = (text: string) => readConfig({ text, file: 'node.yaml', hostName: 'host-1' });

const FIELDS =
  'node, asn, routerId, nodeAddress, clusterId, api, store, cluster, bgp, kernel, cni, importPolicy, importDefaultRoute, blocks, pools, policies, prefixSets, communitySets, asPathSets, peers, peerRanges, bmp, mrt, originate, health, log';

const peer = (fields: string): string =>
  `asn: 64513\npeers:\n  - { name: tor, remoteAddress: 10.0.0.254, remoteAsn: 64512, ${fields} }\n`;

/** Each bad file and exactly what its writer is told. */
const BAD: readonly (readonly [name: string, text: string, ...messages: string[]])[] = [
  [
    'an etcd without an endpoint',
    'asn: 1\nstore: { etcd: { endpoints: [] } }\n',
    '2:29: /store/etcd/endpoints: has 0 entries; at least 1 must be there',
  ],
  [
    'an endpoint of etcd without a scheme, and a prefix without its slash',
    'asn: 1\nstore: { etcd: { endpoints: [10.0.0.1:2379], prefix: /t } }\n',
    '2:30: /store/etcd/endpoints/0: "10.0.0.1:2379" is no endpoint of etcd; write https://10.0.0.1:2379 or http://10.0.0.1:2379',
    '2:54: /store/etcd/prefix: "/t" is no prefix of keys; it ends in a slash, like /tortie/',
  ],
  [
    'halves of pairs for etcd',
    'asn: 1\nstore: { etcd: { endpoints: ["http://a:1"], certFile: /c, username: u } }\n',
    '2:55: /store/etcd/certFile: is of no use without "keyFile:"',
    '2:69: /store/etcd/username: is of no use without "passwordFile:"',
  ],
  ['an empty file', '', '1:1: the file is empty; at least "asn" must be there, like asn: 64512'],
  ['only a comment', '# nothing\n', '1:1: the file is empty; at least "asn" must be there, like asn: 64512'],
  ['a text instead of fields', 'hello', `1:1: is "hello"; it must be a group of fields: ${FIELDS}`],
  ['a list instead of fields', '- a\n', `1:1: is a list; it must be a group of fields: ${FIELDS}`],
  [
    'an open bracket',
    'asn: [\n',
    '2:1: this is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['a tab', 'asn: 1\n\tnode: x', '2:1: a tab as indentation; indent with spaces'],
  ['a field twice', 'asn: 1\nasn: 2', '2:1: this field is there twice in its group; remove one of the two'],
  [
    'two documents',
    'asn: 1\n---\nasn: 2',
    '2:1: a second document begins here; remove the "---" line, the file holds one document',
  ],
  ['no ASN', 'node: a', '1:1: "asn" is missing: an autonomous system number, 1 to 4294967295'],
  ['ASN 0', 'asn: 0', '1:6: /asn: is 0; it must be a whole number 1 to 4294967295'],
  ['an ASN too big', 'asn: 4294967296', '1:6: /asn: is 4294967296; it must be a whole number 1 to 4294967295'],
  [
    'an ASN in quotes',
    'asn: "64512"',
    '1:6: /asn: is the text "64512"; it must be a whole number 1 to 4294967295, without quotes',
  ],
  ['an ASN with a point', 'asn: 1.10', '1:6: /asn: is 1.1; it must be a whole number 1 to 4294967295'],
  [
    'an unknown field near a known one',
    'asn: 1\nkernal: {}\n',
    '2:1: /kernal: unknown field "kernal"; did you mean "kernel"?',
  ],
  [
    'pods without a kernel',
    'asn: 1\ncni: {}\nkernel: { program: false }',
    '2:6: /cni: plugs pods into the kernel, which kernel.program: false forbids; take one of the two out',
  ],
  [
    'node addresses that are none',
    'asn: 1\nnodeAddress: { ipv4: 10.0.0.1, ipv6: 10.0.0.1/24 }\n',
    '2:22: /nodeAddress/ipv4: "10.0.0.1" is no address with the length of its subnet, and no method; write it like 10.0.0.1/24, or first-found, can-reach=DESTINATION, interface=REGEX,…, skip-interface=REGEX,… or cidr=CIDR,…',
    '2:38: /nodeAddress/ipv6: 10.0.0.1/24 is no IPv6 address',
  ],
  [
    'a node address of the other version',
    'asn: 1\nnodeAddress: { ipv6: 10.0.0.1/24 }\n',
    '2:22: /nodeAddress/ipv6: 10.0.0.1/24 is no IPv6 address',
  ],
  ['an unknown field near none', 'asn: 1\nzzz: 1', `2:1: /zzz: unknown field "zzz"; known are ${FIELDS}`],
  [
    'a peer without ASN',
    'asn: 1\npeers:\n  - name: tor\n    remoteAddress: 10.0.0.1\n',
    '3:5: /peers/0: "remoteAsn" is missing: the AS number of the peer; external: any but ours, internal: ours',
  ],
  [
    'a misspelt word for the ASN of a peer',
    'asn: 1\npeers:\n  - { name: tor, interface: eth0, remoteAsn: extern }\n',
    '3:46: /peers/0/remoteAsn: is "extern"; it must be a whole number 1 to 4294967295, or external or internal (did you mean external?)',
  ],
  [
    'a peer that is nowhere',
    'asn: 1\npeers:\n  - { name: tor, remoteAsn: external }\n',
    '3:5: /peers/0: neither "remoteAddress" nor "interface" is there; one of them says where the peer is',
  ],
  [
    'an unnumbered peer with an address',
    'asn: 1\npeers:\n  - { name: a, interface: eth0, remoteAddress: 10.0.0.1, remoteAsn: 2 }\n',
    '3:48: /peers/0/remoteAddress: excludes interface: the address is found there; keep one of them',
  ],
  [
    'an unnumbered peer with a device and a hop limit',
    'asn: 1\npeers:\n  - { name: a, interface: eth0, device: eth0, multihopTtl: 4, remoteAsn: 2 }\n',
    '3:41: /peers/0/device: excludes interface: it is that interface already; keep one of them',
    '3:60: /peers/0/multihopTtl: excludes interface: the peer is on the link; keep one of them',
  ],
  [
    'two peers on one interface',
    'asn: 1\npeers:\n  - { name: a, interface: eth0, remoteAsn: 2 }\n  - { name: b, interface: eth0, remoteAsn: external }\n',
    '4:27: /peers/1/interface: interface eth0 is already peer "a"; two peers cannot share an interface',
  ],
  [
    'a route reflector client that is external',
    'asn: 1\npeers:\n  - { name: a, interface: eth0, remoteAsn: external, routeReflectorClient: true }\n',
    '3:76: /peers/0/routeReflectorClient: needs a peer of the own AS 1, but remoteAsn is external; set remoteAsn: 1 or leave it out',
  ],
  [
    'a peer address with a length, and a misspelt field below it',
    'asn: 1\npeers:\n  - name: tor\n    remoteAddress: 10.0.0.254/24\n    remoteAsn: 2\n    hold_time: 2\n',
    '4:20: /peers/0/remoteAddress: "10.0.0.254/24" is no IP address (leave out the length); write it like 192.0.2.1 or 2001:db8::1',
    '6:5: /peers/0/hold_time: unknown field "hold_time"; did you mean "holdTimeS"?',
  ],
  [
    'a hold time of 2',
    peer('holdTimeS: 2'),
    '3:74: /peers/0/holdTimeS: is 2; it must be 0 (no keepalives) or 3 to 65535 (RFC 4271 section 4.2)',
  ],
  ['a hold time of -1', peer('holdTimeS: -1'), '3:74: /peers/0/holdTimeS: is -1; it must be a whole number 0 to 65535'],
  [
    'a keepalive longer than the hold time allows',
    peer('holdTimeS: 9, keepaliveS: 8'),
    '3:89: /peers/0/keepaliveS: is 8 with a hold time of 9; one lost keepalive would end the session, so write at most 4 (a third is usual)',
  ],
  [
    'BMP collectors of one name, an address that no host has',
    'asn: 64513\nbmp:\n  - { name: c, address: 192.0.2.7 }\n  - { name: c, address: 0.0.0.0 }\n',
    '4:13: /bmp/1/name: "c" is already the name of /bmp/0; names must differ',
    '4:25: /bmp/1/address: 0.0.0.0 is the address of no single host',
  ],
  [
    'a client of another AS',
    peer('routeReflectorClient: true'),
    '3:85: /peers/0/routeReflectorClient: needs a peer of the own AS 64513, but remoteAsn is 64512; set remoteAsn: 64513 or leave it out',
  ],
  [
    'GTSM and multihop',
    peer('ttlSecurityHops: 1, multihopTtl: 3'),
    '3:96: /peers/0/multihopTtl: excludes ttlSecurityHops, which also reaches over several hops; keep one of them',
  ],
  [
    'a source address of the other IP version',
    peer('localAddress: "fd00::1"'),
    '3:77: /peers/0/localAddress: fd00::1 and remoteAddress 10.0.0.254 are of different IP versions',
  ],
  [
    'a link-local peer without interface',
    'asn: 1\npeers: [{name: a, remoteAddress: "fe80::1", remoteAsn: 2}]',
    '2:34: /peers/0/remoteAddress: fe80::1 is link-local; name its interface with "device"',
  ],
  [
    'two peers of one name and address',
    'asn: 1\npeers:\n  - {name: a, remoteAddress: 10.0.0.1, remoteAsn: 2}\n  - {name: a, remoteAddress: 10.0.0.1, remoteAsn: 2}\n',
    '4:12: /peers/1/name: "a" is already the name of /peers/0; names must differ',
    '4:30: /peers/1/remoteAddress: 10.0.0.1 port 179 is already peer "a"; two peers cannot share address and port',
  ],
  [
    'a policy that matches nothing',
    peer('import: [{match: {prefixes: [{prefix: 10.0.0.0/8, ge: 4}]}, action: accept}]'),
    '3:92: /peers/0/import/0/match/prefixes/0: matches nothing: 10.0.0.0/8 needs 8 <= ge <= le <= 32',
  ],
  [
    'an AS path that is no expression',
    peer('import: [{match: {asPaths: ["^1$", "_64512_"]}, action: accept}]'),
    '3:98: /peers/0/import/0/match/asPaths/1: the AS path expression "_64512_" has "_"; AS numbers are whole here, so write a space, or nothing at the ends',
  ],
  [
    'a wildcard in the wrong place, and no next hop',
    peer('export: [{match: {communities: ["64512:1*"]}, action: accept, set: {nextHop: me}}]'),
    '3:95: /peers/0/export/0/match/communities/0: "64512:1*" is no community; write "65000:100", "65000:1:2" with "*" for any part, or a name like no-export',
    '3:140: /peers/0/export/0/set/nextHop: "me" is no next hop; write an address like 192.0.2.1, self (on export) or peer (on import)',
  ],
  [
    'next hops of the other side',
    peer('import: [{action: accept, set: {nextHop: self}}], export: [{action: accept, set: {nextHop: peer}}]'),
    '3:104: /peers/0/import/0/set/nextHop: is self, which is for export; import takes peer or an address',
    '3:154: /peers/0/export/0/set/nextHop: is peer, which is for import; export takes self or an address',
  ],
  [
    'terms that cannot be',
    peer(
      'import: [{match: {med: {min: 2, max: 1}}, action: accept}, {}, {action: next}, {action: reject, set: {med: 1}}]',
    ),
    '3:86: /peers/0/import/0/match/med: matches nothing: 2 is above 1',
    '3:122: /peers/0/import/1: "action" is missing: accept, reject or next; or "policy", the name of one',
    '3:135: /peers/0/import/2/action: is next without set, so the term does nothing; give it one, or remove it',
    '3:164: /peers/0/import/3/set: changes nothing, as the term rejects; remove it or accept',
  ],
  [
    'names that lead nowhere',
    `prefixSets: [{ name: racks, prefixes: [] }]\n${peer('import: [{match: {prefixSets: [rack], asPathSets: [x]}, action: accept}, {policy: none}]')}`,
    '4:94: /peers/0/import/0/match/prefixSets/0: "rack" is not in prefixSets of the configuration file; did you mean "racks"?',
    '4:114: /peers/0/import/0/match/asPathSets/0: "x" is not in asPathSets of the configuration file; there are none',
    '4:145: /peers/0/import/1/policy: "none" is not in policies of the configuration file; there are none',
  ],
  [
    'a policy that names itself, and one that is not for both sides',
    `policies: [{ name: a, terms: [{ policy: a }] }, { name: b, terms: [{ action: accept, set: { nextHop: self } }] }]\n${peer('import: [{policy: b, action: accept}]')}`,
    '1:41: /policies/0/terms/0/policy: a policy cannot name another one; write its terms here',
    '4:81: /peers/0/import/0/policy: nextHop of term 0 of "b" is self, which is for export; import takes peer or an address',
    '4:92: /peers/0/import/0/action: cannot stand beside "policy", whose own terms have theirs; remove it',
  ],
  [
    'sets of one name, and one that matches nothing',
    'asn: 1\ncommunitySets: [{name: a, communities: []}, {name: a, communities: []}]\nprefixSets: [{name: p, prefixes: [{prefix: 10.0.0.0/8, le: 7}]}]',
    '2:52: /communitySets/1/name: "a" is there twice; names must differ',
    '3:35: /prefixSets/0/prefixes/0: matches nothing: 10.0.0.0/8 needs 8 <= ge <= le <= 32',
  ],
  [
    'what is for other ASes towards the own one',
    'asn: 1\npeers: [{name: a, remoteAddress: 10.0.0.1, remoteAsn: 1, asOverride: true, removePrivateAs: all}]',
    '2:70: /peers/0/asOverride: is for peers of another AS, and this one is of the own AS 1; leave it out',
    '2:93: /peers/0/removePrivateAs: is for peers of another AS, and this one is of the own AS 1; leave it out',
  ],
  [
    'local-as options without another number',
    'asn: 1\npeers: [{name: a, remoteAddress: 10.0.0.1, remoteAsn: 2, localAsnPrependOut: true}]',
    "2:78: /peers/0/localAsnPrependOut: needs a localAsn other than the node's own 1; write localAsn, or leave it out",
  ],
  [
    'a role inside the AS, and a strictness without one',
    'asn: 1\npeers: [{name: a, remoteAddress: 10.0.0.1, remoteAsn: 1, role: peer}, {name: b, remoteAddress: 10.0.0.2, remoteAsn: 2, roleStrict: true}]',
    '2:64: /peers/0/role: is for peers of another AS, and this one is of the own AS 1; leave it out',
    '2:132: /peers/1/roleStrict: asks the peer for its role, but ours is not given; write role as well',
  ],
  [
    'a bad community',
    'asn: 1\noriginate: [{prefix: 10.0.0.0/8, communities: ["1:99999"]}]',
    '2:48: /originate/0/communities/0: "1:99999" is no community; write two numbers 0 to 65535 like "65000:100", three like "65000:1:2", or a name like no-export',
  ],
  [
    'a cluster ID that is a number',
    'asn: 1\nclusterId: 5',
    '2:12: /clusterId: "5" is no IPv4 address; write four octets, like 192.0.2.1',
  ],
  [
    'a router ID of zero',
    'asn: 1\nrouterId: 0.0.0.0',
    '2:11: /routerId: is 0.0.0.0; any other IPv4 address will do (RFC 6286)',
  ],
  [
    'a misspelt word',
    'asn: 1\nimportPolicy: pool',
    '2:15: /importPolicy: is "pool"; it must be pools or all (did you mean pools?)',
  ],
  [
    'a pool with host bits',
    'asn: 1\npools: [{name: a, cidr: 10.1.0.1/16}]',
    '2:25: /pools/0/cidr: "10.1.0.1/16" has bits set behind /16; the prefix is 10.1.0.0/16',
  ],
  [
    'a rule for the main table',
    'asn: 1\nkernel: { rule: 1000 }',
    '2:17: /kernel/rule: leads to the main table, which has a rule already; name another "table:"',
  ],
  [
    'a table beside a VRF',
    'asn: 1\nkernel: { vrf: blue, table: 100 }',
    '2:29: /kernel/table: is of no use beside "vrf: blue", which has a table of its own',
  ],
  [
    'a rule beside a VRF',
    'asn: 1\nkernel: { vrf: blue, rule: 100 }',
    '2:28: /kernel/rule: is of no use beside "vrf: blue": the kernel has a rule for VRFs',
  ],
  [
    'pods beside a VRF',
    'asn: 1\ncni: {}\nkernel: { vrf: blue }',
    '2:6: /cni: plugs pods in outside of VRFs, beside "kernel.vrf:"; take one of the two out',
  ],
  [
    'IPIP for IPv6',
    'asn: 1\npools: [{name: a, cidr: 2001:db8::/64, ipipMode: Always}]',
    '2:50: /pools/0/ipipMode: is Always, and IPIP carries IPv4 alone',
  ],
  [
    'overlapping pools',
    'asn: 1\npools:\n - {name: a, cidr: 10.0.0.0/8}\n - {name: b, cidr: 10.1.0.0/16}\n',
    '4:20: /pools/1/cidr: 10.1.0.0/16 overlaps 10.0.0.0/8 of pool "a"; pools must not share addresses',
  ],
  [
    'a block size of the other IP version',
    'asn: 1\npools: [{name: a, cidr: 10.0.0.0/8, blockSize: 122}]',
    '2:48: /pools/0/blockSize: is 122; an IPv4 pool has blocks of /20 to /32, usually /26',
  ],
  [
    'a pool smaller than a block',
    'asn: 1\npools: [{name: a, cidr: 10.0.0.0/30}]',
    '2:25: /pools/0/cidr: a block of /26 does not fit into 10.0.0.0/30; write a blockSize of 30 to 32',
  ],
  [
    'a link-local pool',
    'asn: 1\npools: [{name: a, cidr: 169.254.0.0/16}]',
    '2:25: /pools/0/cidr: 169.254.0.0/16 overlaps 169.254.0.0/16, which is link-local',
  ],
  [
    'a TCP listener without token',
    'asn: 1\napi: {listen: "127.0.0.1:1"}\n',
    '2:15: /api/listen: serving over TCP needs a token; add tokenFile: PATH beside it, with a secret of 16 characters or more in that file',
  ],
  ['an octal mode', 'asn: 1\napi: {socketMode: 0660}', '2:19: /api/socketMode: is 660; it must be 0600 or 0660'],
  [
    'an IPv6 endpoint without brackets',
    'asn: 1\nbgp: {listen: ["::1:179"]}\n',
    '2:16: /bgp/listen/0: "::1:179" is no address and port; write 127.0.0.1:9179 or [::1]:9179',
  ],
  [
    'a node name with a space',
    'asn: 1\nnode: a b',
    '2:7: /node: "a b" is no name; write letters, digits, dots, dashes and underscores, with a letter or digit at both ends',
  ],
  [
    'an alias bomb',
    'a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]',
    '1:1: this is no YAML: Excessive alias count indicates a resource exhaustion attack',
  ],
];

t.test('a bad file is refused with place, fault and remedy', async (t) => {
  for (const [name, text, ...messages] of BAD) {
    t.test(name, async (t) => {
      let error: unknown;
      try {
        read(text);
      } catch (thrown) {
        error = thrown;
      }
      t.ok(error instanceof ConfigError, 'ConfigError');
      if (!(error instanceof ConfigError)) return;
      t.equal(error.code, 'ERR_AGENT_CONFIG');
      t.strictSame(
        error.message.split('\n'),
        messages.map((message) => `node.yaml:${message}`),
      );
    });
  }
});

t.test('a password never shows in a fault', async (t) => {
  for (const password of ['[hunter2]', '"hunter2'.padEnd(100, 'x').concat('"'), '{hunter2: 1}']) {
    try {
      read(peer(`password: ${password}`));
      t.fail('refused');
    } catch (error) {
      t.ok(error instanceof ConfigError);
      t.notMatch(String(error), /hunter2/);
    }
  }
});

t.test('the smallest file gets every default', async (t) => {
  t.strictSame(read('asn: 64512'), {
    file: 'node.yaml',
    node: 'host-1',
    asn: 64512,
    api: { socket: '/run/tortie/agent.sock', socketMode: '0660', requestTimeoutS: 30 },
    store: { path: '/var/lib/tortie' },
    bgp: {
      listen: ['0.0.0.0:179', '[::]:179'],
      multipath: 1,
      warmUp: false,
      gracefulRestart: { restartTimeS: 120, deferralS: 30 },
    },
    kernel: { program: true, protocol: 201, metric: 1024, table: 254 },
    importPolicy: 'pools',
    importDefaultRoute: true,
    blocks: { ipv4: true, ipv6: true },
    nodeAddress: {},
    pools: [],
    library: {},
    peers: [],
    peerRanges: [],
    bmp: [],
    originate: [],
    health: { ready: 'any', graceS: 30 },
    log: { level: 'info' },
  });
});

t.test('the CNI socket stands beside that of the API, unless it is named', async (t) => {
  t.equal(read('asn: 1\ncni: {}').cni?.socket, '/run/tortie/cni.sock');
  t.equal(read('asn: 1\ncni: {}\napi: { socket: /run/a/b.sock }').cni?.socket, '/run/a/cni.sock');
  t.equal(read('asn: 1\ncni: { socket: /run/c.sock }').cni?.socket, '/run/c.sock');
});

t.test('peers and prefixes know their line', async (t) => {
  const config = read(
    'asn: 1\npeers:\n  - name: a\n    remoteAddress: 10.0.0.1\n    remoteAsn: 2\n  - {name: b, remoteAddress: 10.0.0.2, remoteAsn: 2}\noriginate:\n  - prefix: 203.0.113.0/24\n',
  );
  t.strictSame(
    config.peers.map(({ source }) => source),
    ['node.yaml:3', 'node.yaml:6'],
  );
  t.equal(config.originate[0]?.source, 'node.yaml:8');
});
