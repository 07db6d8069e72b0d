/** Shows a lab that lives: a table redrawn in place on a terminal, a line per change elsewhere. */
import type { Lab } from '../lab.js';
import type { LabSnapshot } from './snapshot.js';
import { labState, labTable } from './table.js';

/** Where text goes; process.stdout is one. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly rows?: number;
}

export interface ScreenOptions {
  readonly json: boolean;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly command?: string;
}

export class Screen {
  readonly #options: ScreenOptions;
  readonly #lab: Lab;
  readonly #onTerminal: boolean;
  #lastReasons: string | undefined;
  #introduced = false;

  constructor(options: ScreenOptions, lab: Lab) {
    this.#options = options;
    this.#lab = lab;
    this.#onTerminal = !options.json && options.stdout.isTTY === true;
  }

  show(snapshot: LabSnapshot, convergedAfter: number | undefined): void {
    if (this.#onTerminal) this.#draw(snapshot, convergedAfter);
    else this.#tell(snapshot, convergedAfter);
  }

  end(): void {
    if (this.#onTerminal) this.#options.stdout.write('\n');
  }

  #draw(snapshot: LabSnapshot, convergedAfter: number | undefined): void {
    const { stdout } = this.#options;
    const color = !process.env.NO_COLOR;
    const after = convergedAfter === undefined ? '' : `, converged after ${convergedAfter.toFixed(1)} s`;
    const lines = fitScreen(
      [`lab ${snapshot.lab} (${snapshot.id})${after}`, ''],
      labTable(snapshot, { color }),
      ['', ...labState(snapshot, { color }), '', ...this.#hints(snapshot)],
      (stdout.rows ?? 24) - 1,
    );
    if (!this.#introduced) stdout.write('\u001b[2J');
    this.#introduced = true;
    // Home, each line cleared to its end, then whatever is below: no flicker, no scrolling. Long lines are cut, not wrapped.
    stdout.write(`\u001b[?7l\u001b[H${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J\u001b[?7h`);
  }

  #tell(snapshot: LabSnapshot, convergedAfter: number | undefined): void {
    const { stderr, stdout, json } = this.#options;
    const reasons = snapshot.reasons.join('\n');
    if (reasons !== this.#lastReasons) {
      this.#lastReasons = reasons;
      if (reasons === '') stderr.write('converged: every session is up, every route in place, every pod reached\n');
      else stderr.write(`not converged: ${snapshot.reasons.length} missing, first: ${snapshot.reasons[0]}\n`);
    }
    if (convergedAfter === undefined || this.#introduced) return;
    this.#introduced = true;
    if (!json) stdout.write(`${labTable(snapshot, { color: false }).join('\n')}\n`);
    stderr.write(`converged after ${convergedAfter.toFixed(1)} s\n${this.#hints(snapshot).join('\n')}\n`);
  }

  /** The API's address and three commands to try. */
  #hints(snapshot: LabSnapshot): string[] {
    const { command = 'npx tortie' } = this.#options;
    const node = snapshot.hosts.find(({ socket }) => socket !== undefined);
    if (!node?.socket) return ['Ctrl-C takes the lab down.'];
    const other = snapshot.hosts.find((host) => host !== node && host.blocks.length > 0)?.blocks[0];
    return [
      `API of ${node.name}: ${node.socket}`,
      'From another terminal:',
      `  ${command} status --socket ${node.socket}`,
      `  ${command} routes ${other ? `--why ${other} ` : ''}--socket ${node.socket}`,
      `  ${command} lab exec ${[...this.#lab.pods.keys()].at(0) ?? node.name} ip route`,
      'Ctrl-C takes the lab down.',
    ];
  }
}

/** Head, body and foot in so many rows; where they are too few, the body gives way and says how much is not shown. */
export function fitScreen(
  head: readonly string[],
  body: readonly string[],
  foot: readonly string[],
  rows: number,
): string[] {
  const room = rows - head.length - foot.length;
  if (body.length <= room) return [...head, ...body, ...foot];
  const shown = body.slice(0, Math.max(0, room - 1));
  const more = `… ${body.length - shown.length} more lines: make the window higher`;
  return [...head, ...shown, more, ...foot].slice(0, Math.max(1, rows));
}
