/** `tortie events`: what happened lately, and what happens from here on. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentEvent, EventList } from '@tortie/agent/api';
import type { Context } from '../context.js';

export interface EventOptions {
  readonly follow?: boolean;
  readonly kind?: string;
  readonly limit?: string;
}

export async function showEvents(context: Context, { follow, kind, limit }: EventOptions): Promise<void> {
  let after: number | undefined;
  for (;;) {
    const query = { kind, ...(after === undefined ? { limit: limit ?? 50 } : { after }) };
    const list = await context.client().get<EventList>('/v1/events', query);
    if (!follow) {
      context.answer(list, ({ events }) => (events.length > 0 ? events.map(eventLine) : ['no events']));
      return;
    }
    // One JSON document per line, as a stream has no end.
    for (const event of list.events) context.line(context.json ? JSON.stringify(event) : eventLine(event));
    after = list.lastId;
    await sleep(500);
  }
}

const eventLine = ({ time, kind, subject, text, cause }: AgentEvent): string =>
  `${time}  ${kind}${subject === undefined ? '' : ` ${subject}`}: ${text}${cause === undefined ? '' : ` (${cause})`}`;
