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
export { warmUp } from './warm-up/warm-up.js';
