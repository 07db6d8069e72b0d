/** The agent alone, without the command line around it. */
import { agentMain } from '@tortie/agent/main';

await agentMain({ configFile: process.argv[2] });
