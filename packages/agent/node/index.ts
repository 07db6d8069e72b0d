export { Agent } from './agent.js';
export { AGENT_EXIT, agentMain } from './agent-main.js';
export { type RunAgentOptions, type RunningAgent, runAgent } from './run-agent.js';
