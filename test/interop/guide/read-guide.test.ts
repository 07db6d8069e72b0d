import t from 'tap';
import { machinesOf, readGuide, withOutputs } from './read-guide.js';
import { difference } from './shape.js';

const GUIDE = `# A guide

\`\`\`yaml
# node-[1-2]:pools.yaml
kind: IPPool
\`\`\`

\`\`\`console
node-1# cat > /etc/x <<END
> a
> END
node-[1-2]# tortie doctor   # exits 1: something looks wrong
error: …

  more
tor-a# true
\`\`\`

\`\`\`text
anything
\`\`\`
`;

t.test('a guide is files and commands in their order, and what is neither', async (t) => {
  const { steps, others } = readGuide(GUIDE);
  t.strictSame(steps, [
    { type: 'file', line: 3, machines: ['node-1', 'node-2'], path: 'pools.yaml', text: 'kind: IPPool\n' },
    { type: 'command', line: 9, machines: ['node-1'], text: 'cat > /etc/x <<END\na\nEND', exits: 0, expected: [] },
    {
      type: 'command',
      line: 12,
      machines: ['node-1', 'node-2'],
      text: 'tortie doctor',
      exits: 1,
      expected: ['error: …', '', '  more'],
    },
    { type: 'command', line: 16, machines: ['tor-a'], text: 'true', exits: 0, expected: [] },
  ]);
  t.strictSame(others, ['line 19: a block of text']);
  t.throws(() => readGuide('```console\noutput\n```'), /line 2: a block of console begins with a prompt/);
});

t.test('outputs take the place of those that are there', async (t) => {
  const written = withOutputs(
    GUIDE,
    new Map([
      [12, ['one']],
      [16, ['two', 'three']],
    ]),
  );
  t.ok(written.includes('wrong\none\ntor-a# true\ntwo\nthree\n```'));
});

for (const [text, machines] of [
  ['node-1', ['node-1']],
  ['node-[3-5]', ['node-3', 'node-4', 'node-5']],
  ['tor-[ab]', ['tor-a', 'tor-b']],
] as const) {
  t.test(`${text} names machines`, async (t) => t.strictSame(machinesOf(text), machines));
}

const SAME: readonly (readonly [shown: string, printed: string])[] = [
  ['', ''],
  ['up:   17s', 'up:     4m59s'],
  ['a  1m33s  b', 'a 2h5m   b'],
  ['at 2026-11-30T05:28:02.237Z', 'at 2027-01-01T00:00:00Z'],
  ['[node_… 05:25:26.993] * (100)', '[node_7 11:00:00.1] * (100)'],
  ['confirm 3f2a91c0', 'confirm 00aa00aa'],
  ['10.0.0.0/26 nhid 14 via 10.0.0.6', '10.0.0.0/26 nhid 99 via 10.0.0.6'],
  ['a\n…\nd\ne', 'a\nb\nc\nd\ne'],
  ['…\nlast', 'one\nlast'],
  ['first\n…', 'first\nand\nmore'],
];
const OTHER: readonly (readonly [shown: string, printed: string, says: RegExp])[] = [
  ['a', 'a\nb', /^not shown: b$/],
  ['a\nb', 'a', /^missing: b$/],
  ['a 64512', 'a 64513', /^shown: {3}a 64512\nprinted: a 64513$/],
  ['10.0.0.0/26', '10.0.0.64/26', /^shown/],
  ['a\n…\nz', 'a\nb', /^nowhere is: z$/],
  ['a.c', 'abc', /^shown/],
];

t.test('what has the shape of what is shown, and what has not', async (t) => {
  const lines = (text: string): string[] => text.split('\n');
  for (const [shown, printed] of SAME) t.equal(difference(lines(shown), lines(printed)), undefined, printed);
  for (const [shown, printed, says] of OTHER) t.match(difference(lines(shown), lines(printed)), says);
});
