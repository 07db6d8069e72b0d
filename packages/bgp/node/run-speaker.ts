/** A speaker on Node: sockets, timers and the loop around the sans-IO core. */
import type { RunningSpeaker, RunSpeakerOptions } from './running-speaker.js';

/** Listens and dials; resolves once the listeners are up. Throws BgpConfigError, or the listener's error. */
export async function runSpeaker(options: RunSpeakerOptions): Promise<RunningSpeaker> {
  throw new Error(`not built yet: ${options.asn}`);
}
