/**
 * `tortie agent -c FILE` as a function: runs until a signal, tells its end by the exit status.
 *
 * SIGTERM and SIGINT end it for a restart: TCP closes without a Cease and the kernel keeps the routes. A second signal
 * ends it at once.
 */
import { createRequire } from 'node:module';
import { AgentError } from '../src/errors.js';
import { returnUnusedMemory } from './process/unused-memory.js';
import { withSmallYoungGeneration } from './process/young-generation.js';
import type { RunAgentOptions, RunningAgent } from './run-agent.js';

/** Exit statuses. 0: ended by a signal. */
export const AGENT_EXIT = { failed: 1, config: 2, running: 5 } as const;

export async function agentMain(options: RunAgentOptions): Promise<void> {
  let running: RunningAgent | undefined;
  let ending = false;
  const end = (signal: NodeJS.Signals): void => {
    // It may answer already while it still starts: nothing it has done by then needs to be ended otherwise than by kill -9.
    if (!running) process.exit(0);
    if (ending) process.exit(AGENT_EXIT.failed);
    ending = true;
    running.agent.journal.log.info({ signal }, 'ends; routes stay in the kernel');
    void running.close().then(
      () => process.exit(0),
      (error) => {
        process.stderr.write(`tortie agent: ${describe(error)}\n`);
        process.exit(AGENT_EXIT.failed);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  try {
    running = await withSmallYoungGeneration(async () => (await loadAgent()).runAgent(options));
  } catch (error) {
    process.stderr.write(`tortie agent: ${describe(error)}\n`);
    process.exitCode = statusOf(error);
    // With nothing that listens for them the process ends by itself.
    process.off('SIGTERM', end).off('SIGINT', end);
    return;
  }
  returnUnusedMemory();
}

/**
 * `import()` of Node 20 and 22 reads each of some 550 files in several turns of the event loop; `require` reads them one after the other,
 * with a quarter less processor time (bench/RESULTS.md, The agent at rest). Only here, where nothing else is being loaded: Node 20 fails on
 * modules that an `import()` has begun with. Node 22 can since 22.12.
 */
async function loadAgent(): Promise<typeof import('./run-agent.js')> {
  if (!process.features.require_module) return import('./run-agent.js');
  return createRequire(import.meta.url)('./run-agent.js') as typeof import('./run-agent.js');
}

/** A user's mistake is its message alone; ours comes with its stack. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? error.message : (error.stack ?? error.message);
}

function statusOf(error: unknown): number {
  if (!(error instanceof AgentError)) return AGENT_EXIT.failed;
  if (error.code === 'ERR_AGENT_CONFIG' || error.code === 'ERR_AGENT_TOKEN') return AGENT_EXIT.config;
  return error.code === 'ERR_AGENT_RUNNING' || error.code === 'ERR_AGENT_ADDRESS_IN_USE'
    ? AGENT_EXIT.running
    : AGENT_EXIT.failed;
}
