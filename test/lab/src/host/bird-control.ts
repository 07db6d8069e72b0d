/**
 * BIRD's control socket, as birdc speaks it: a line in, lines out. `1006-text` goes on, `1006 text` is the last one,
 * a line that starts with a blank continues the one before; codes from 8000 on are refusals.
 */
import { connect } from 'node:net';
import { LabError } from '../errors.js';

export interface BirdLine {
  readonly code: number;
  readonly text: string;
}

/** Asks BIRD one thing. Throws LabError `ERR_LAB_BIRD` when it does not answer or refuses. */
export function askBird(socketPath: string, command: string, timeoutMs = 30_000): Promise<BirdLine[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const lines: BirdLine[] = [];
    let rest = '';
    let code = 0;
    let greeted = false;
    const fail = (message: string, cause?: unknown): void => {
      socket.destroy();
      reject(new LabError('ERR_LAB_BIRD', message, { cause }));
    };
    socket
      .setEncoding('utf8')
      .setTimeout(timeoutMs, () => fail(`BIRD gave no answer to "${command}" on ${socketPath}`));
    socket.on('error', (error) => fail(`BIRD is not to be reached on ${socketPath}: ${error.message}`, error));
    socket.on('close', () => fail(`BIRD hung up on "${command}"`));
    socket.on('data', (chunk: string) => {
      rest += chunk;
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 1);
        const match = /^(\d{4})([- ])(.*)$/.exec(line);
        if (match) code = Number(match[1]);
        const last = match?.[2] === ' ';
        if (!greeted) {
          greeted = last;
          if (greeted) socket.write(`${command}\n`);
          continue;
        }
        lines.push({ code, text: match ? match[3]! : line.replace(/^ /, '') });
        if (!last) continue;
        socket.removeAllListeners('close').destroy();
        if (code >= 8000) fail(`BIRD refused "${command}": ${match![3]}`);
        else resolve(lines.at(-1)!.text === '' ? lines.slice(0, -1) : lines);
        return;
      }
    });
  });
}

/** The answer as birdc would print it. */
export const birdText = (lines: readonly BirdLine[]): string => lines.map((line) => line.text).join('\n');
