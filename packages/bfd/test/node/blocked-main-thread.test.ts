import { spec, twoHostsTest, until } from './two-hosts.js';

twoHostsTest(
  'the main thread is blocked for a second again and again, with 100 ms x 3: nothing goes down',
  async (t, hosts) => {
    const a = hosts.service(hosts.left);
    const b = hosts.service(hosts.right);
    a.bfd.set(spec('10.9.0.2'));
    b.bfd.set(spec('10.9.0.1'));
    await until(async () => (await a.bfd.report()).sessions[0]?.detectionTimeMs === 300);
    await until(async () => (await b.bfd.report()).sessions[0]?.detectionTimeMs === 300);
    const before = (await a.bfd.report()).sessions[0]!.packetsIn;
    for (let i = 0; i < 3; i++) {
      const untilMs = Date.now() + 1000;
      while (Date.now() < untilMs) Math.sqrt(untilMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const after = (await a.bfd.report()).sessions[0]!;
    await b.bfd.report();
    t.ok(after.packetsIn > before, 'packets came meanwhile');
    const down = [...a.events, ...b.events].filter(({ from }) => from === 'up');
    t.same(down, []);
  },
);
