/** Packet filters of others that keep the packets of pods: told with what helps, which is then done as it is told, and helps. */
import type { Doctor } from '@tortie/agent/api';
import { enterNamespaces, type Host, runCommand } from '@tortie/lab';
import t from 'tap';
import { addressIn, type CniNode, POOLS, pings, withCniNode } from './cni-rig.js';
import { eventually } from './eventually.js';

await enterNamespaces();
t.jobs = 2;

const has = async (command: string): Promise<boolean> =>
  (await runCommand('sh', ['-c', `command -v ${command}`], { allowFailure: true })).code === 0;

/** What dockerd puts in by iptables, but for its networks. */
const docker =
  (restore: string, user = true) =>
  async (host: Host) => {
    const input = `*filter
:FORWARD DROP [0:0]
${user ? ':DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n-A DOCKER-USER -j RETURN\n' : ''}-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
COMMIT
`;
    await host.exec(restore, [], { input });
  };

const nft = (rules: string) => async (host: Host) => {
  await host.exec('nft', ['-f', '/dev/stdin'], { input: rules });
};

const CASES: readonly {
  readonly name: string;
  readonly needs: string;
  readonly filter: (host: Host) => Promise<void>;
  readonly text: RegExp;
  readonly remedy: RegExp;
}[] = [
  {
    name: 'Docker, by iptables-nft',
    needs: 'iptables-nft-restore',
    filter: docker('iptables-nft-restore'),
    text: /packets of pods in 10\.244\.0\.0\/16 do not pass chain FORWARD of table ip filter: its policy is drop/,
    remedy: /^iptables -I DOCKER-USER -i tor\+ -j ACCEPT; iptables -I DOCKER-USER -o tor\+ -j ACCEPT/,
  },
  {
    name: 'an older Docker, by iptables-legacy',
    needs: 'iptables-legacy-restore',
    filter: docker('iptables-legacy-restore', false),
    text: /packets of pods in 10\.244\.0\.0\/16 do not pass chain FORWARD of iptables-legacy: its policy is drop/,
    remedy: /^iptables-legacy -I FORWARD -i tor\+ -j ACCEPT/,
  },
  {
    name: 'a rule in a chain of its own, by iptables-legacy',
    needs: 'iptables-legacy-restore',
    filter: async (host) => {
      const input = `*filter
:FORWARD ACCEPT [0:0]
:wall - [0:0]
-A FORWARD -j wall
-A wall -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A wall -d 10.0.0.0/8 -m comment --comment "no private ones" -j REJECT
COMMIT
`;
      await host.exec('iptables-legacy-restore', [], { input });
    },
    text: /packets of pods in 10\.244\.0\.0\/16 do not pass chain FORWARD of iptables-legacy: a rule in chain wall rejects them/,
    remedy: /^iptables-legacy -I FORWARD -i tor\+ -j ACCEPT/,
  },
  {
    name: 'a firewall with a table of its own, over both families',
    needs: 'nft',
    filter: nft(`table inet wall { chain pass { type filter hook forward priority 10; policy accept;
      ct state established,related accept
      iifname "lo" accept
      reject with icmpx admin-prohibited
    }
    }`),
    text: /pods in 10\.244\.0\.0\/16, fd00:10:244::\/112 do not pass chain pass of table inet wall: a rule in chain pass rejects them/,
    remedy: /^nft insert rule inet wall pass iifname '"tor\*"' accept; nft insert rule inet wall pass oifname/,
  },
];

const doctor = async (node: CniNode): Promise<Doctor['findings']> =>
  (await node.agent.client.get<Doctor>('/v1/doctor')).findings.filter(({ code }) =>
    ['pods-dropped', 'pods-unjudged'].includes(code),
  );

for (const { name, needs, filter, text, remedy } of CASES) {
  const skip = (await has(needs)) ? false : `${needs} is not installed`;
  t.test(name, { buffered: true, skip }, (t) =>
    withCniNode(async (node) => {
      const [one, two] = [await node.pod(), await node.pod()];
      await node.add(one);
      const to = addressIn(await node.add(two), 4);
      t.ok(await pings(one.name, to), 'pods reach each other');
      t.same(await doctor(node), []);
      await filter(node.host);
      t.notOk(await pings(one.name, to), 'and then no more');
      const finding = await eventually('the finding', async () => (await doctor(node))[0]);
      t.match(finding, { severity: 'warning', text, remedy });
      const warnings = (await node.agent.status()).warnings.join(' ');
      t.match(warnings.toLowerCase(), finding.text.toLowerCase());
      await node.host.exec('sh', [
        '-c',
        finding.remedy.replace(/ \([^)]*\)/g, '').replaceAll('iptables ', `${needs.replace('-restore', '')} `),
      ]);
      t.ok(await pings(one.name, to), 'what it says helps');
      await eventually('no finding any more', async () => (await doctor(node)).length === 0);
      t.same((await node.agent.status()).warnings, []);
    }),
  );
}

const UNJUDGED: readonly {
  readonly name: string;
  readonly needs: string;
  readonly filter: (host: Host) => Promise<void>;
  readonly text: RegExp;
  readonly remedy: RegExp;
}[] = [
  {
    name: 'a limit of nftables',
    needs: 'nft',
    filter: nft(
      'table inet wall { chain pass { type filter hook forward priority 0; limit rate over 1/minute burst 1 packets drop\n }\n}\n',
    ),
    text: /^whether packets of pods in 10\.244\.0\.0\/16, fd00:10:244::\/112 pass chain pass of table inet wall cannot be judged: rule "handle \d+" of its chain pass depends on limit, /,
    remedy:
      /^nft -a list chain inet wall pass shows the rule; where pods are not reached: nft insert rule inet wall pass /,
  },
  {
    name: 'an extension of iptables',
    needs: 'iptables-nft',
    filter: async (host) => {
      await host.exec('iptables-nft', ['-A', 'FORWARD', '-m', 'length', '--length', '60:1500', '-j', 'DROP']);
    },
    text: /pass chain FORWARD of table ip filter cannot be judged: rule "handle \d+" of its chain FORWARD depends on /,
    remedy: /^nft -a list chain ip filter FORWARD shows the rule; /,
  },
  {
    name: 'an ipset in a rule of iptables',
    needs: 'ipset',
    filter: async (host) => {
      await host.exec('ipset', ['create', 'bad', 'hash:net']);
      await host.exec('iptables-nft', ['-A', 'FORWARD', '-m', 'set', '--match-set', 'bad', 'src', '-j', 'DROP']);
    },
    text: /pass chain FORWARD of table ip filter cannot be judged: rule "handle \d+" of its chain FORWARD depends on match set, /,
    remedy: /^nft -a list chain ip filter FORWARD shows the rule; /,
  },
  {
    name: 'an ipset in a rule of iptables-legacy',
    needs: 'ipset',
    filter: async (host) => {
      await host.exec('ipset', ['create', 'bad', 'hash:net']);
      await host.exec('iptables-legacy', ['-A', 'FORWARD', '-m', 'set', '--match-set', 'bad', 'src', '-j', 'DROP']);
    },
    text: /pass chain FORWARD of iptables-legacy cannot be judged: rule "-A FORWARD -m set --match-set bad src -j DROP" of its chain FORWARD depends on -m set --match-set bad src, /,
    remedy: /^where pods are not reached: iptables-legacy -I FORWARD /,
  },
  {
    name: 'an extension of iptables-legacy',
    needs: 'iptables-legacy',
    filter: async (host) => {
      await host.exec('iptables-legacy', ['-A', 'FORWARD', '-m', 'length', '--length', '60:1500', '-j', 'DROP']);
    },
    text: /pass chain FORWARD of iptables-legacy cannot be judged: rule "-A FORWARD -m length --length 60:1500 -j DROP" of its chain FORWARD depends on -m length --length 60:1500, /,
    remedy: /^where pods are not reached: iptables-legacy -I FORWARD -i tor\+ -j ACCEPT; /,
  },
];

for (const { name, needs, filter, text, remedy } of UNJUDGED) {
  const skip = (await has(needs)) ? false : `${needs} is not installed`;
  t.test(`what cannot be judged is told: ${name}`, { buffered: true, skip }, (t) =>
    withCniNode(async (node) => {
      await filter(node.host);
      const [finding, ...more] = await eventually('the finding', async () => {
        const all = await doctor(node);
        return all.length > 0 && all;
      });
      t.same(more, []);
      t.match(finding, { code: 'pods-unjudged', severity: 'info', text, remedy });
      const shows = /^(nft -a list chain [^;]*) shows/.exec(finding!.remedy)?.[1];
      if (shows) {
        const handle = /handle \d+/.exec(finding!.text)![0];
        t.ok((await node.host.exec('sh', ['-c', shows])).stdout.includes(`# ${handle}`), 'the rule is there');
      }
      t.same((await node.agent.status()).warnings, [], 'which is no warning');
    }),
  );
}

t.test('sets and marks that let pods pass are no finding, and what they leave out is one', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const [pool4, pool6] = POOLS;
    await nft(`table inet wall {
      set trusted { type ipv4_addr; flags interval; elements = { 10.0.0.0/24, ${pool4!.cidr} } }
      chain marks { type filter hook prerouting priority mangle; ip6 saddr { ${pool6!.cidr} } meta mark set 0x40; }
      chain pass { type filter hook forward priority filter; policy drop;
        ct state vmap { established : accept, related : accept, invalid : drop }
        ip saddr . ip daddr { 10.0.0.0/24 . 10.0.0.0/24 } accept
        ip saddr @trusted ip daddr @trusted accept
        meta mark & 0xf0 == 0x40 accept
      }
    }
`)(node.host);
    const [one, two] = [await node.pod(), await node.pod()];
    await node.add(one);
    const result = await node.add(two);
    for (const version of [4, 6] as const) t.ok(await pings(one.name, addressIn(result, version)), `IPv${version}`);
    t.same(await doctor(node), []);
    await node.host.exec('nft', ['delete', 'element', 'inet', 'wall', 'trusted', `{ ${pool4!.cidr} }`]);
    t.notOk(await pings(one.name, addressIn(result, 4)));
    const [finding] = await eventually('the finding', async () => {
      const all = await doctor(node);
      return all.length > 0 && all;
    });
    t.match(finding!.text, /pods in 10\.244\.0\.0\/16 do not pass chain pass of table inet wall: its policy is drop/);
  }),
);

t.test('what lets pods pass is no finding, and a node without pods has none', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const [pool] = POOLS;
    await nft(`table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop;
      ip saddr ${pool!.cidr} counter accept
      ip daddr ${pool!.cidr} counter accept
    }
    }`)(node.host);
    t.same(await doctor(node), []);
    t.same((await node.agent.status()).warnings, []);
  }),
);
