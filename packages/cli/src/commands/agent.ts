/** `tortie agent`: runs the agent in this process. Imports nothing else of the command line: it starts fast. */
import { agentMain } from '@tortie/agent/main';
import { giveUpRights } from '../agent-rights.js';
import type { ExitCode } from '../exit-codes.js';
import { NegativeAnswer } from '../failure.js';

/** Resolves when the agent runs; it then stays until a signal ends it. */
export async function startAgent(configFile: string): Promise<void> {
  await giveUpRights(process.argv);
  await agentMain({ configFile });
  // The agent has said on stderr why it did not start.
  if (process.exitCode) throw new NegativeAnswer(process.exitCode as ExitCode);
}
