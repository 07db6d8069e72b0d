/** The thread of its own: nothing here but sessions, so that nothing makes a packet late. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { tryRealtime } from '@tortie/linux/node';
import { Engine } from './engine.js';
import type { BfdPlace, FromWorker, ToWorker } from './messages.js';

const port = parentPort!;
const tell = (message: FromWorker): void => port.postMessage(message);

/** Of this thread alone, as Linux has it, where real-time priority is not allowed. */
const NICE = -10;

// A packet costs microseconds; one that is late costs a session. Niceness alone counts only among the threads of one terminal
// or service: to the scheduler (autogroups, control groups) those are one among others.
if (!tryRealtime()) {
  try {
    setPriority(NICE);
  } catch {
    // Not allowed to either: as good as any other thread.
  }
}

const engine = new Engine(
  {
    state: (event) => tell({ type: 'state', event }),
    problem: (name, text) => tell({ type: 'problem', name, text }),
  },
  workerData as BfdPlace,
);

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'set':
      engine.set(message.spec);
      return;
    case 'remove':
      engine.remove(message.name);
      return;
    case 'views':
      tell({ type: 'views', id: message.id, report: { sessions: engine.views(), dropped: engine.dropped } });
      return;
    case 'close':
      engine.close();
      tell({ type: 'closed' });
      port.close();
      return;
  }
});
