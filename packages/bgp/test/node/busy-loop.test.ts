/** An event loop that was busy for longer than the hold time: what the peer sent meanwhile counts. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { parseAddress } from '@tortie/ip';
import t from 'tap';
import { runSpeaker } from '../../node/index.js';
import { octets, openMessage } from '../../testing/index.js';

/** A peer in a thread of its own that sends a KEEPALIVE twice a second, whatever happens. */
const PEER = `
const { connect } = require('node:net');
const { workerData, parentPort } = require('node:worker_threads');
const socket = connect(workerData.port, '127.0.0.1');
socket.on('data', () => {});
socket.on('error', () => {});
socket.on('close', () => parentPort.postMessage('closed'));
socket.write(workerData.open);
socket.write(workerData.keepalive);
setInterval(() => socket.write(workerData.keepalive), 500);
`;

t.test('the session survives', async (t) => {
  const address = parseAddress('127.0.0.1');
  const speaker = await runSpeaker({ asn: 65001, routerId: 1, listen: [{ address, port: 0 }] });
  t.teardown(() => speaker.close());
  speaker.addPeer({ name: 'peer', remoteAddress: address, remoteAsn: 65002, passive: true, holdTimeS: 3 });
  const up = new Promise<void>((resolve) => speaker.on('session', ({ to }) => to === 'established' && resolve()));
  const worker = new Worker(PEER, {
    eval: true,
    workerData: {
      port: speaker.listening[0]!.port,
      open: octets(openMessage()),
      keepalive: octets({ type: 'keepalive' }),
    },
  });
  t.teardown(() => worker.terminate());
  await up;
  const before = speaker.peer('peer')!.received.keepalive;
  // Longer than the hold time: its timer is overdue when the loop turns again.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000);
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (speaker.peer('peer')!.received.keepalive > before + 5 || speaker.peer('peer')!.dropped > 0) resolve();
      else setImmediate(look);
    };
    look();
  });
  t.match(speaker.peer('peer'), { state: 'established', dropped: 0 });
  // And without KEEPALIVEs it ends.
  const ended = once(worker, 'message');
  const lost = new Promise<string | undefined>((resolve) => speaker.on('session', ({ reason }) => resolve(reason)));
  speaker.resetPeer('peer', 'hard', 'enough');
  t.same(await ended, ['closed']);
  t.match(await lost, 'Cease/Administrative Reset: enough');
});
