export { MrtFileError, mrtOctets } from './mrt/mrt-input.js';
export { MrtOutput } from './mrt/mrt-output.js';
export { MrtReplayError, type MrtReplayOptions, type MrtReplayProgress, replayMrt } from './mrt/replay.js';
export { runSpeaker } from './run-speaker.js';
export type {
  ListenAddress,
  RunningSpeaker,
  RunSpeakerOptions,
  SessionEvent,
  SpeakerEvents,
  SpeakerLimits,
} from './running-speaker.js';
export {
  type BgpListener,
  BgpTransportError,
  type ConnectOptions,
  type ListenOptions,
  netTransport,
  type PeerSecurity,
  type TransportPort,
} from './transport.js';
