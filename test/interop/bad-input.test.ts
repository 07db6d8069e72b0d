/** Agents that cannot start: what the `tortie agent` command says, how it ends, whom it leaves alone. */
import { writeFileSync } from 'node:fs';
import { type CommandResult, enterNamespaces, type Host, startBird, tortieCommand, withHosts } from '@tortie/lab';
import t from 'tap';
import { birdConfig, staticRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import { established, LOCAL_ASN, peerAt, startAgent } from './start-agent.js';

await enterNamespaces();

const BIRD_ASN = 65002;

/** Runs `tortie agent` to its end; one that runs instead is killed, which is no exit code that anybody expects. */
function agentEnds(host: Host, name: string, text: string): Promise<CommandResult> {
  const file = host.path(name);
  writeFileSync(file, text);
  const [program, ...args] = tortieCommand();
  return host.exec(program!, [...args, 'agent', '-c', file], { allowFailure: true, timeoutMs: 60_000 });
}

const PEER = '- { name: tor, remoteAddress: 10.0.0.9, remoteAsn: 65002';

/** Each bad file, and what stderr has to say behind the file's name. */
const BAD: readonly (readonly [what: string, text: string, ...faults: string[]])[] = [
  ['a tab', 'asn: 65001\n\tnode: a\n', ':2:1: a tab as indentation; indent with spaces'],
  [
    'an AS number out of range',
    'asn: 70000000000\n',
    ':1:6: /asn: is 70000000000; it must be a whole number 1 to 4294967295',
  ],
  [
    'a hold time that BGP does not have',
    `asn: 65001\npeers:\n  ${PEER}, holdTimeS: 2 }\n`,
    ':3:72: /peers/0/holdTimeS: is 2; it must be 0 (no keepalives) or 3 to 65535 (RFC 4271 section 4.2)',
  ],
  [
    'unknown fields, all of them at once',
    `asn: 65001\nkernal: { program: false }\npeers:\n  ${PEER}, holdTime: 9 }\n`,
    ':2:1: /kernal: unknown field "kernal"; did you mean "kernel"?',
    ':4:61: /peers/0/holdTime: unknown field "holdTime"; did you mean "holdTimeS"?',
  ],
];

t.test('a bad file: the place, the fault and the remedy on stderr, exit code 2, and nothing is made', (t) =>
  withHosts(['tortie'], async (lab) => {
    const tortie = lab.host('tortie');
    for (const [what, text, ...faults] of BAD) {
      const { code, stdout, stderr } = await agentEnds(tortie, 'bad.yaml', text);
      t.equal(code, 2, what);
      t.equal(stderr, `tortie agent: ${faults.map((fault) => tortie.path('bad.yaml') + fault).join('\n')}\n`);
      t.equal(stdout, '', 'it did not begin');
    }
    const [program, ...args] = tortieCommand();
    const missing = await tortie.exec(program!, [...args, 'agent', '-c', '/nowhere.yaml'], { allowFailure: true });
    t.match(missing, { code: 2, stderr: /^tortie agent: \/nowhere\.yaml:1:1: there is no such file/ });
  }),
);

t.test('a second agent in the place of a running one: a clear word, exit code 5, and the first one goes on', (t) =>
  withHosts(['bird', 'tortie'], async (lab) => {
    const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
    const ends = { local: bird.address(), localAsn: BIRD_ASN, remote: tortie.address(), remoteAsn: LOCAL_ASN };
    await startBird(bird, birdConfig('10.0.0.1', [{ name: 'tortie', ...ends }]));
    const tokenFile = tortie.path('token');
    writeFileSync(tokenFile, 'a-secret-of-enough-characters');
    const first = await startAgent(tortie, {
      api: { listen: '127.0.0.1:9179', tokenFile },
      bgp: { listen: ['10.0.0.2:179'] },
      peers: [peerAt(bird, BIRD_ASN)],
    });
    await established(first);
    const second = {
      node: 'second',
      asn: LOCAL_ASN,
      store: { path: tortie.path('second-store') },
      api: { socket: tortie.path('second.sock') },
      bgp: { listen: ['10.0.0.2:1179'] },
      blocks: { ipv4: false, ipv6: false },
    };
    for (const [same, change, message] of [
      [
        'node and store',
        { node: 'tortie', store: { path: tortie.path('store') } },
        /another agent is running as node "tortie" on the store .*; stop it, or give this one another name/,
      ],
      ['socket', { api: { socket: first.socket } }, /another agent is running on the socket .*; stop it, or give/],
      [
        'address of the API',
        { api: { ...second.api, listen: '127.0.0.1:9179', tokenFile } },
        /the API cannot listen on 127\.0\.0\.1:9179: another program has this address; name another/,
      ],
      [
        'BGP port',
        { bgp: { listen: ['10.0.0.2:179'] } },
        /cannot listen for BGP on 10\.0\.0\.2:179: another BGP speaker has this port; stop it, or change "bgp\.listen:"/,
      ],
    ] as const) {
      const { code, stderr } = await agentEnds(tortie, 'second.yaml', JSON.stringify({ ...second, ...change }));
      t.equal(code, 5, `the same ${same}`);
      t.match(stderr, message);
      t.notMatch(stderr, /^\s+at /m, 'no stack');
    }
    t.match((await first.peer('bird')).session, { state: 'established', flaps: 0 });
    t.match((await first.status()).node, 'tortie', 'its socket still answers');
  }),
);

t.test('without CAP_NET_ADMIN: it speaks BGP, says that it programs nothing, and why', (t) =>
  withHosts(['bird', 'tortie'], async (lab) => {
    const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
    const ends = { local: bird.address(), localAsn: BIRD_ASN, remote: tortie.address(), remoteAsn: LOCAL_ASN };
    await startBird(
      bird,
      birdConfig('10.0.0.1', [{ name: 'tortie', ...ends }], staticRoutes('s4', 'ipv4', ['10.244.7.0/26'])),
    );
    // The user stays; an empty bounding set leaves the program without any capability.
    const command = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', ...tortieCommand()];
    const agent = await startAgent(tortie, { bgp: { listen: [] }, peers: [peerAt(bird, BIRD_ASN)] }, { command });
    await established(agent);
    const status = await eventually('the route', async () => {
      const one = await agent.status();
      return one.routes.ipv4 > 0 && one;
    });
    t.match(status.fib, { programming: false, reason: /CAP_NET_ADMIN is missing/ });
    t.match(status.warnings, [/programs nothing into the kernel: CAP_NET_ADMIN is missing/]);
    t.strictSame(await tortie.kernelRoutes('ipv4', 201), [], 'and it does not');
  }),
);
