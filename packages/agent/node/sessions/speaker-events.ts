/** What the speaker tells -> the event log and the log, each with its cause. */

import type { RunningSpeaker } from '@tortie/bgp/node';
import { counted } from '@tortie/ip';
import { RepeatedEvents } from '../../src/repeated-events.js';
import type { Journal } from '../journal.js';

/** How often what is told again has happened since it was told. */
const timesText = (times: number): string => (times === 1 ? '' : `, ${times} times`);

export function followSpeaker(speaker: RunningSpeaker, journal: Journal): void {
  const attempts = new RepeatedEvents();
  const callers = new RepeatedEvents();
  speaker.on('session', ({ peer, from, to, reason }) => {
    const established = to === 'established' || from === 'established';
    const text = `session with ${peer}: ${from} -> ${to}`;
    const cause = reason === undefined ? {} : { cause: reason };
    if (established) {
      attempts.forget(peer);
      journal.event({ kind: 'session', subject: peer, text, ...cause }, from === 'established' ? 'warn' : 'info');
      return;
    }
    // On the way up and down again between attempts there is nothing to act on; a reason that is new makes it worth a line.
    const times = reason === undefined ? undefined : attempts.admit(peer, reason, performance.now());
    if (times === undefined) journal.log.debug({ kind: 'session', subject: peer, ...cause }, text);
    else journal.event({ kind: 'session', subject: peer, text: `${text}${timesText(times)}`, ...cause });
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
    journal.event({
      kind: 'session',
      subject: peer,
      text: `removed ${counted(routes, `stale ${family} route`)} of ${peer}`,
    });
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
    const text = `refused a connection from ${remoteAddress}`;
    const times = callers.admit(remoteAddress, reason, performance.now());
    const told = { kind: 'session', subject: remoteAddress, cause: reason };
    if (times === undefined) journal.log.debug(told, text);
    else journal.event({ ...told, text: `${text}${timesText(times)}` });
  });
  speaker.on('peer', ({ peer, change, impact }) => {
    attempts.forget(peer);
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
