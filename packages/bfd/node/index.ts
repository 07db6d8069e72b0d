export { type BfdEvents, BfdService } from './bfd-service.js';
export type { DroppedPackets } from './dropped-packets.js';
export { Engine, type EngineEvents, type StateEvent } from './engine.js';
export type { BfdReport } from './messages.js';
