/** Events of sessions that the cluster wants: what is held and no longer held, and what asks for one by now. */

import { type NextSessions, originText } from '@tortie/cluster';
import { counted } from '@tortie/ip';
import type { Journal } from '../journal.js';

export function tellSessions(journal: Journal, before: NextSessions, next: NextSessions): void {
  const had = new Set(before.pending.map(({ id }) => id));
  for (const { id, kind, reason, sessions } of next.pending) {
    if (had.has(id)) continue;
    const how = kind === 'replacement' ? '' : `; "tortie cluster confirm ${id}" lets them go`;
    const text = `held: ${counted(sessions.length, 'session stays', 'sessions stay')} (${sessions.slice(0, 3).join(', ')}${sessions.length > 3 ? ', …' : ''})${how}`;
    journal.event({ kind: 'cluster', subject: id, text, cause: reason }, kind === 'replacement' ? 'info' : 'warn');
  }
  const has = new Set(next.pending.map(({ id }) => id));
  for (const { id, sessions } of before.pending) {
    if (!has.has(id))
      journal.event({ kind: 'cluster', subject: id, text: `no longer held: ${counted(sessions.length, 'session')}` });
  }
  for (const [name, session] of next.sessions) {
    const former = before.sessions.get(name);
    if (!former || originText(former.origin) === originText(session.origin)) continue;
    const text = `${name} is ${originText(session.origin)} by now, it was ${originText(former.origin)}`;
    journal.event({ kind: 'cluster', subject: name, text });
  }
}
