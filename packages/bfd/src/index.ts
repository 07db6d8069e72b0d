export {
  checkTimers,
  DEFAULT_TIMERS,
  LEAST_INTERVAL_MS,
  LONGEST_INTERVAL_MS,
  type TimerConfig,
} from './config.js';
export { BfdConfigError } from './errors.js';
export {
  type ControlPacket,
  type Decoded,
  decodePacket,
  encodePacket,
  PACKET_OCTETS,
  type PacketFault,
} from './packet.js';
export {
  Session,
  type SessionEffect,
  type SessionOptions,
  type SessionSnapshot,
  type StateChange,
} from './session.js';
export { checkSpec, type SessionSpec, type SessionView, sameEndpoints } from './session-spec.js';
export { onDetectionTimeout, onPacket, type Transition } from './transition.js';
export { DIAGNOSTICS, type Diagnostic, type SessionState, STATES } from './words.js';
