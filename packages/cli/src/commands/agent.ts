/** `tortie agent`: runs the agent in this process. Imports nothing else of the command line: it starts fast. */
import * as agent from '@tortie/agent/node';

type RunAgent = (options: { readonly configFile: string }) => Promise<unknown>;

export async function startAgent(configFile: string): Promise<void> {
  const { runAgent } = agent as unknown as { readonly runAgent: RunAgent };
  await runAgent({ configFile });
}
