/**
 * A guide in Markdown as steps to carry out. Pure.
 *
 *     ```console                          ```yaml
 *     node-1# tortie status               # node-1:pools.yaml
 *     …what it prints…                    …the file…
 *     ```                                 ```
 *
 * A prompt names the machine, or several: `node-[3-8]#`. `> ` goes on with a command. `# exits 1` behind it is the exit code. In what it
 * prints `…` stands for anything, on a line of its own for any lines.
 */
export interface Command {
  readonly type: 'command';
  readonly line: number;
  readonly machines: readonly string[];
  readonly text: string;
  readonly exits: number;
  readonly expected: readonly string[];
}

export interface File {
  readonly type: 'file';
  readonly line: number;
  readonly machines: readonly string[];
  readonly path: string;
  readonly text: string;
}

export interface Guide {
  readonly steps: readonly (Command | File)[];
  /** Blocks that are neither, each with its line. */
  readonly others: readonly string[];
}

const PROMPT = /^([a-z][a-z0-9[\]-]*)# (.*)$/;
const FILE = /^# ([a-z][a-z0-9[\]-]*):(\S+)$/;

export function readGuide(markdown: string): Guide {
  const steps: (Command | File)[] = [];
  const others: string[] = [];
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const [, language] = /^```(\w+)$/.exec(lines[at]!) ?? [];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    const body = lines.slice(at + 1, end);
    const file = FILE.exec(body[0] ?? '');
    if (language === 'console') steps.push(...readConsole(body, at + 2));
    else if (file) {
      const [, machines, path] = file;
      const text = `${body.slice(1).join('\n')}\n`;
      steps.push({ type: 'file', line: at + 1, machines: machinesOf(machines!), path: path!, text });
    } else others.push(`line ${at + 1}: a block of ${language}`);
    at = end;
  }
  return { steps, others };
}

function readConsole(body: readonly string[], first: number): Command[] {
  const commands: { -readonly [K in keyof Command]: Command[K] }[] = [];
  for (const [index, line] of body.entries()) {
    const prompt = PROMPT.exec(line);
    const last = commands.at(-1);
    if (prompt) {
      const [, machines, written] = prompt;
      const [, text, exits = '0'] = /^(.*?)(?:\s+# exits (\d+).*)?$/.exec(written!)!;
      commands.push({
        type: 'command',
        line: first + index,
        machines: machinesOf(machines!),
        text: text!,
        exits: Number(exits),
        expected: [],
      });
    } else if (!last) throw new Error(`line ${first + index}: a block of console begins with a prompt, like node-1#`);
    else if (line.startsWith('> ') && last.expected.length === 0) last.text += `\n${line.slice(2)}`;
    else last.expected = [...last.expected, line];
  }
  return commands;
}

/** `node-[3-5]` is node-3, node-4 and node-5; `tor-[ab]` tor-a and tor-b. */
export function machinesOf(text: string): string[] {
  const [, head, from, to, each] = /^(.*)\[(?:(\d)-(\d)|(\w+))\]$/.exec(text) ?? [];
  if (head === undefined) return [text];
  if (each !== undefined) return [...each].map((end) => head + end);
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => `${head}${Number(from) + index}`);
}

/** The guide with what the commands have really printed, where that differs. */
export function withOutputs(markdown: string, outputs: ReadonlyMap<number, readonly string[]>): string {
  const lines = markdown.split('\n');
  for (const step of [...readGuide(markdown).steps].reverse()) {
    const output = step.type === 'command' ? outputs.get(step.line) : undefined;
    if (step.type !== 'command' || !output) continue;
    const begin = step.line - 1 + step.text.split('\n').length;
    lines.splice(begin, step.expected.length, ...output);
  }
  return lines.join('\n');
}
