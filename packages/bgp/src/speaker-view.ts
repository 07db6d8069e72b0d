/** The speaker as it is shown. */
import type { PeerDirectory } from './peer/peer-directory.js';
import type { RestartDeferral } from './peer/restart-deferral.js';
import type { SpeakerView } from './views.js';

export function speakerView(
  own: Pick<SpeakerView, 'asn' | 'routerId' | 'clusterId'>,
  peers: PeerDirectory,
  deferral: RestartDeferral,
): SpeakerView {
  let established = 0;
  for (const peer of peers) if (peer.state === 'established') established++;
  return { ...own, peers: peers.size, established, deferringUntilMs: deferral.untilMs };
}
