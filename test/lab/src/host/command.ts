/** Runs short commands and keeps what they said. */
import { spawn } from 'node:child_process';
import { LabError } from '../errors.js';

export interface CommandOptions {
  readonly input?: string;
  /** Answer with the exit code instead of throwing when it is not 0. */
  readonly allowFailure?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. Throws LabError `ERR_LAB_COMMAND` with the command's own words when it fails. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(options.env ? { env: options.env } : {}),
      ...(options.cwd ? { cwd: options.cwd } : {}),
      ...(options.timeoutMs ? { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const } : {}),
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // A command that ends before it has read its input is judged by its exit code, not by the broken pipe.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input);
    child.on('error', (cause) => {
      const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
      const hint = missing ? `"${command}" is not installed or not on PATH` : cause.message;
      reject(new LabError('ERR_LAB_COMMAND', `cannot run ${command}: ${hint}`, { cause }));
    });
    child.on('close', (exitCode, signal) => {
      const code = exitCode ?? 128;
      if (code === 0 || options.allowFailure) {
        resolve({ code, stdout, stderr });
        return;
      }
      const said = (stderr.trim() || stdout.trim()).slice(-2000);
      const how = signal ? `ended by ${signal}` : `exit code ${code}`;
      reject(new LabError('ERR_LAB_COMMAND', `${[command, ...args].join(' ')}: ${how}${said ? `\n${said}` : ''}`));
    });
  });
}
