/**
 * docs/GUIDE-CLUSTER.md, carried out from its first command to its last on the hosts of examples/labs/cluster.yaml: what is printed
 * has the shape that the guide shows. `TORTIE_WRITE_GUIDE=1` writes what is printed into it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { enterNamespaces, Lab, planLab } from '@tortie/lab';
import t from 'tap';
import { Machines, type Printed } from '../guide/machines.js';
import { type Command, readGuide, withOutputs } from '../guide/read-guide.js';
import { difference, shapeOf } from '../guide/shape.js';

await enterNamespaces();

const GUIDE = new URL('../../../../../docs/GUIDE-CLUSTER.md', import.meta.url);
const LAB = new URL('../../../../../examples/labs/cluster.yaml', import.meta.url);
const WRITE = process.env.TORTIE_WRITE_GUIDE !== undefined;

/** Commands that only look are run again until what they tell has become what the guide shows. */
const LOOKS =
  /^(?:etcdctl endpoint|birdc|ip |cat |tortie (?:status|get|describe|diff|plan|doctor|events|peers (?:list|show)|routes|cluster|ipam (?:show|blocks|assignments|check|nodes list|gc --dry-run)|delete .*--dry-run))/;
const PATIENCE_MS = 90_000;
/** The exit code of `tortie` for what does not fit the present state. */
const REFUSED = 5;

t.test('the guide, from nothing to a cluster', { timeout: 600_000 }, async (t) => {
  const markdown = readFileSync(GUIDE, 'utf8');
  const { steps, others } = readGuide(markdown);
  t.same(others, [], 'every block is a file or is carried out');
  const lab = await Lab.up(planLab(readFileSync(LAB, 'utf8'), 'cluster.yaml'), { daemons: false });
  t.teardown(() => lab.close());
  const machines = new Machines(lab);
  const outputs = new Map<number, readonly string[]>();
  for (const step of steps) {
    if (step.type === 'file') {
      for (const machine of step.machines) machines.write(machine, step.path, step.text);
      continue;
    }
    const done = await Promise.all(step.machines.map((machine) => carryOut(machines, machine, step)));
    for (const [index, { printed, problem }] of done.entries()) {
      const what = `line ${step.line}, ${step.machines[index]}: ${step.text.split('\n')[0]}`;
      if (!WRITE) t.equal(problem, undefined, what);
      else console.log(`# ${what}\n#   ${printed.lines.join('\n#   ')}`);
      if (problem !== undefined) outputs.set(step.line, printed.lines);
    }
    // What follows builds on it.
    if (!WRITE && outputs.has(step.line) && !LOOKS.test(step.text)) return;
  }
  if (WRITE) writeFileSync(GUIDE, withOutputs(markdown, outputs));
});

async function carryOut(
  machines: Machines,
  machine: string,
  command: Command,
): Promise<{ printed: Printed; problem: string | undefined }> {
  const end = Date.now() + (WRITE ? 15_000 : PATIENCE_MS);
  let before = '';
  for (;;) {
    const printed = await machines.run(machine, command.text);
    const problem = problemOf(command, printed);
    const shape = printed.lines.map(shapeOf).join('\n');
    const settled = WRITE && printed.code === command.exits && before === shape;
    // What was refused as things are has done nothing.
    const again = LOOKS.test(command.text) || printed.code === REFUSED;
    if (problem === undefined || settled || !again || Date.now() > end) return { printed, problem };
    before = shape;
    await sleep(WRITE ? 3000 : 300);
  }
}

function problemOf({ exits, expected }: Command, { code, lines }: Printed): string | undefined {
  if (code !== exits) return `exit code ${code}, not ${exits}:\n${lines.join('\n')}`;
  const found = difference(expected, lines);
  return found === undefined ? undefined : `${found}\nthe whole output:\n${lines.join('\n')}`;
}
