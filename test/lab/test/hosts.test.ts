import t from 'tap';
import { startProber } from '../src/host/probe.js';
import { dropBgp, enterNamespaces, Lab, planLab, startBird, until, withHosts, withLab } from '../src/index.js';
import { leftBehind } from './left-behind.js';

await enterNamespaces();

const bird = (routerId: string, local: string, remote: string): string => `
router id ${routerId};
protocol device {}
protocol bgp peer {
  local ${local} as 65001;
  neighbor ${remote} as 65001;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  hold time 3;
  ipv4 { import all; export all; };
}`;

t.test('bare hosts: commands, BIRD, a cut session, and nothing left', async (t) => {
  let id = '';
  await withHosts(['a', 'b'], async (lab) => {
    id = lab.id;
    const [a, b] = [lab.host('a'), lab.host('b')];
    t.match((await a.exec('ip', ['-4', 'addr', 'show', 'eth0'])).stdout, /10\.0\.0\.1\/24/);
    await t.rejects(a.exec('sh', ['-c', 'echo bad >&2; exit 3']), {
      code: 'ERR_LAB_COMMAND',
      message: /exit code 3\nbad/,
    });
    t.equal(b.address('ipv6'), 'fd00::2');
    t.throws(() => lab.host('c'), { message: /no host "c"; there are: a, b/ });

    const left = await startBird(a, bird('10.0.0.1', '10.0.0.1', '10.0.0.2'));
    const right = await startBird(b, bird('10.0.0.2', '10.0.0.2', '10.0.0.1'));
    const info = async () => (await left.protocol('peer')).info;
    await until(async () => (await info()) === 'Established', { what: 'the session' });

    const undo = await dropBgp(a, b.address());
    await until(async () => (await info()) !== 'Established', { what: 'the hold timer' });
    await undo();
    await until(async () => (await info()) === 'Established', { what: 'the session again' });

    const { pid } = right;
    t.match(await right.stop('SIGKILL'), /SIGKILL/);
    t.throws(() => process.kill(pid, 0), 'it is gone');
    await right.restart();
    await until(async () => (await info()) === 'Established', { what: 'the session after the restart' });
    await t.rejects(left.birdc('show nonsense'), { code: 'ERR_LAB_BIRD', message: /refused/ });
  });
  t.same(await leftBehind([id]), { namespaces: [], directories: [] });
});

t.test('a question to an address that is not on the way back is answered from that address', async (t) => {
  await withHosts(['a', 'b'], async (lab) => {
    const [a, b] = [lab.host('a'), lab.host('b')];
    await a.exec('ip', ['addr', 'add', '10.99.0.1/32', 'dev', 'lo']);
    await b.exec('ip', ['route', 'add', '10.99.0.1', 'via', a.address()]);
    const answering = startProber(a, 'a', a.netns, [a.address(), '10.99.0.1']);
    const asking = startProber(b, 'b', b.netns, []);
    await Promise.all([answering.ready, asking.ready]);
    for (const address of [a.address(), '10.99.0.1']) {
      await until(async () => (await asking.ask(address)).ok, { what: `an answer from ${address}` });
      t.match(await asking.ask(address), { ok: true, seenAs: b.address() }, address);
    }
  });
});

t.test('a test that throws leaves nothing either', async (t) => {
  let id = '';
  const failing = withHosts(['a'], async (lab) => {
    id = lab.id;
    lab.host('a').spawn('sleep', ['1000']);
    throw new Error('on purpose');
  });
  await t.rejects(failing, { message: 'on purpose' });
  t.same(await leftBehind([id]), { namespaces: [], directories: [] });
});

t.test('a BIRD that refuses its configuration is told with its own words, and the lab is down', async (t) => {
  const topology = { hosts: { a: { run: 'bird', asn: 1, birdConfig: 'nonsense;' } } };
  await t.rejects(
    withLab(topology, async () => {}),
    { code: 'ERR_LAB_PROCESS', message: /syntax error/ },
  );
});

t.test('a lab closed while it comes up ends as if it had never been', async (t) => {
  const stop = new AbortController();
  const text = 'hosts: { a: { run: bird, asn: 1 }, b: { run: bird, asn: 2 } }\nsessions: [{ mesh: "*" }]';
  const lines: string[] = [];
  const coming = Lab.up(planLab(text, 'lab'), {
    signal: stop.signal,
    log: (line) => {
      lines.push(line);
      if (line.startsWith('starting')) stop.abort();
    },
  });
  await t.rejects(coming, 'is refused');
  t.equal(lines.length, 2);
});
