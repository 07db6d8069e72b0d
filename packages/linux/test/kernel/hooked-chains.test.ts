import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { type JudgedPacket, judge, type Marks, readsMarks } from '@tortie/linux';
import { hookedChains } from '@tortie/linux/node';
import { kernelTest } from '../support/kernel.js';
import { INTO, OUT, RULES } from './filter-rules.js';

const run = promisify(execFile);
const has = (command: string): Promise<boolean> =>
  run(command, ['--version']).then(
    () => true,
    () => false,
  );
const tools = { nft: await has('nft'), 'iptables-nft-restore': await has('iptables-nft-restore') };

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
    const { unjudged, ...rest } = judge(chain!.contents, chain!, one);
    t.same(rest, { verdict, rule });
    t.equal(unjudged !== undefined, verdict === 'unknown', 'and which rule that depends on, where it is not known');
  });
}

kernelTest('marks go from the chains before a way is chosen to those that let packets pass', async (t, lab) => {
  if (!tools.nft) return void t.plan(0, 'nft is not installed');
  const { netns } = await lab.host();
  const rules = `table ip early {
    chain late { type filter hook prerouting priority -100; ip daddr 10.244.0.0/16 meta mark set meta mark | 0x1; }
    chain first { type filter hook prerouting priority -200; iifname "tor*" meta mark set 0x10; }
  }
  table ip filter {
    chain f { type filter hook forward priority 0; policy drop; meta mark 0x11 accept; }
  }
`;
  const child = spawn('ip', ['netns', 'exec', netns, 'nft', '-f', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.end(rules);
  t.same(await once(child, 'exit'), [0, null]);
  const before = await hookedChains('prerouting', { netns });
  t.same(
    before.map(({ name }) => name),
    ['first', 'late'],
    'as the kernel calls them',
  );
  const [forward] = await hookedChains('forward', { netns });
  t.ok(readsMarks(forward!.contents));
  const verdictOf = (one: JudgedPacket): string => {
    const marks: Marks = { packet: 0, connection: 0 };
    for (const chain of before) judge(chain.contents, chain, one, marks);
    return judge(forward!.contents, forward!, one, marks).verdict;
  };
  t.equal(verdictOf(OUT), 'accept');
  t.equal(verdictOf(INTO), 'drop');
});
