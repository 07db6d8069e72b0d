/** What the speaker knows of sessions that replace others: whether they have told all their routes, and whether those do. */
import type { RunningSpeaker } from '@tortie/bgp/node';

/** A session without End-of-RIB counts as complete after this: not every router sends one. */
const QUIET_MS = 60_000;

export function isComplete(speaker: RunningSpeaker, name: string): boolean {
  const view = speaker.peer(name);
  if (view?.state !== 'established') return false;
  const version = name.slice(name.indexOf('/')).includes(':') ? 'ipv6-unicast' : 'ipv4-unicast';
  const family = view.families.find((one) => one.family === version);
  return family?.endOfRib === true || performance.now() - view.sinceMs > QUIET_MS;
}

/** Every route of the peer is had from a session that stays. */
export function isCovered(speaker: RunningSpeaker, name: string, stays: (peer: string) => boolean): boolean {
  for (const { family, received } of speaker.peer(name)?.families ?? []) {
    if (received === 0) continue;
    for (let cursor: number | undefined = 0; cursor !== undefined; ) {
      const page: ReturnType<RunningSpeaker['adjRibIn']> = speaker.adjRibIn(name, 'post', family, { cursor });
      for (const { prefix } of page.items) {
        const others = speaker
          .why(prefix)
          ?.candidates.filter(
            ({ peer, ineligible }) => ineligible === undefined && (peer === 0 || stays(speaker.peerName(peer) ?? '')),
          );
        if (!others || others.length === 0) return false;
      }
      cursor = page.next;
    }
  }
  return true;
}
