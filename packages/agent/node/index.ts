export { Agent } from './agent.js';
export { type RunAgentOptions, type RunningAgent, runAgent } from './run-agent.js';
