/** What the speaker tells -> the event log and the log, each with its cause. */
import type { RunningSpeaker } from '@tortie/bgp/node';
import type { Journal } from '../journal.js';

export function followSpeaker(speaker: RunningSpeaker, journal: Journal): void {
  speaker.on('session', ({ peer, from, to, reason }) => {
    const established = to === 'established' || from === 'established';
    const text = `session with ${peer}: ${from} -> ${to}`;
    const cause = reason === undefined ? {} : { cause: reason };
    // On the way up and down again between attempts there is nothing to act on; a reason makes it worth a line.
    if (established || reason !== undefined) {
      journal.event({ kind: 'session', subject: peer, text, ...cause }, from === 'established' ? 'warn' : 'info');
    } else {
      journal.log.debug({ kind: 'session', subject: peer }, text);
    }
  });
  speaker.on('end-of-rib', ({ peer, family }) => {
    journal.event({ kind: 'session', subject: peer, text: `${peer} has sent End-of-RIB for ${family}` });
  });
  speaker.on('fault', ({ peer, action, attributeType, reason }) => {
    const about = attributeType === undefined ? '' : ` (attribute ${attributeType})`;
    journal.event(
      { kind: 'session', subject: peer, text: `malformed UPDATE from ${peer}: ${action}${about}`, cause: reason },
      'warn',
    );
  });
  speaker.on('stale-removed', ({ peer, family, routes }) => {
    journal.event({ kind: 'session', subject: peer, text: `removed ${routes} stale ${family} routes of ${peer}` });
  });
  speaker.on('long-lived-stale', ({ peer, family, routes, seconds }) => {
    const text = `${peer} stays away: its ${routes} stale ${family} routes are the last choice, for ${Math.round(seconds)} s`;
    journal.event({ kind: 'session', subject: peer, text }, 'warn');
  });
  speaker.on('prefix-limit', ({ peer, family, received, limit }) => {
    const text = `${peer} sends ${received} ${family} prefixes, more than the ${limit} allowed`;
    journal.event({ kind: 'session', subject: peer, text }, 'warn');
  });
  speaker.on('refused', ({ remoteAddress, reason }) => {
    journal.event({
      kind: 'session',
      subject: remoteAddress,
      text: `refused a connection from ${remoteAddress}`,
      cause: reason,
    });
  });
  speaker.on('peer', ({ peer, change, impact }) => {
    journal.event({
      kind: 'peer',
      subject: peer,
      text: `peer ${peer} ${change}${change === 'changed' ? `: ${impact}` : ''}`,
    });
  });
  speaker.on('bmp', ({ collector, change, reason }) => {
    const text =
      change === 'connected'
        ? `BMP collector ${collector} is connected`
        : `BMP collector ${collector} ${change === 'lost' ? 'is lost' : 'is out of reach'}`;
    const cause = reason === undefined ? {} : { cause: reason };
    journal.event({ kind: 'bmp', subject: collector, text, ...cause }, change === 'connected' ? 'info' : 'warn');
  });
  speaker.on('problem', ({ peer, error }) => {
    journal.event(
      {
        kind: 'session',
        ...(peer !== undefined && { subject: peer }),
        text: peer === undefined ? 'the speaker has a problem' : `peer ${peer} cannot be served`,
        cause: error.message,
      },
      'error',
    );
  });
}
