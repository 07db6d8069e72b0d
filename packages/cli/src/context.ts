/** What every command gets: where to write, and the agent's API. */
import { type Client, chooseEndpoint, createClient } from '@tortie/client';
import { type Column, table } from './output/table.js';

/** Where text goes; process.stdout is one. */
export interface Output {
  write(text: string | Uint8Array): unknown;
  /** Of a stream: told when a write() that gave false has gone out. */
  once?(event: 'drain', listener: () => void): unknown;
  readonly isTTY?: boolean;
}

/** The world outside, as far as the command line touches it. `process` is one. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Standard input; absent: there is none. */
  readonly stdin?: AsyncIterable<unknown>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Options that every command knows. */
export interface GlobalOptions {
  readonly socket?: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

export interface Context {
  readonly io: Io;
  readonly json: boolean;
  readonly color: boolean;
  /** Made when first asked for. */
  client(): Client;
  line(...lines: readonly string[]): void;
  /** With `--json` the value as JSON, else what `text` makes of it. */
  answer<T>(value: T, text: (value: T) => readonly string[]): void;
  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[];
}

export function createContext(io: Io, options: GlobalOptions): Context {
  const { stdout, env } = io;
  const color = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  const json = options.json === true;
  let client: Client | undefined;
  const line = (...lines: readonly string[]): void => {
    if (lines.length > 0) stdout.write(`${lines.join('\n')}\n`);
  };
  return {
    io,
    json,
    color,
    client() {
      client ??= createClient(chooseEndpoint(options, env));
      return client;
    },
    line,
    answer(value, text) {
      if (json) line(JSON.stringify(value, undefined, 2));
      else line(...text(value));
    },
    table: (columns, rows) => table(columns, rows, color),
  };
}
