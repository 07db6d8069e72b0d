/** A collector over real sockets. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { runSpeaker, type SpeakerEvents } from '../../node/index.js';
import { SimCollector } from '../../testing/index.js';

const LOOPBACK = parseAddress('127.0.0.1');

t.test('a collector is dialled, shown the table, followed, and told of the end', async (t) => {
  const speaker = await runSpeaker({ asn: 65001, routerId: 1, listen: [] });
  t.teardown(() => speaker.close());
  const collector = new SimCollector();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    // A collector has nothing to say; what it says all the same is dropped.
    socket.write('hello');
    socket.on('data', (chunk) => {
      collector.receive(chunk);
      server.emit('progress');
    });
    socket.on('close', () => server.emit('closed'));
  });
  t.teardown(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await once(server, 'progress');
  };

  for (let index = 0; index < 20_000; index++) speaker.originate(parsePrefix(`10.${index >> 8}.${index & 255}.0/24`));
  speaker.addBmpCollector({
    name: 'station',
    address: LOOPBACK,
    port: (server.address() as AddressInfo).port,
    monitor: ['loc-rib'],
  });
  await until(() => collector.hasEnded('', 'loc-rib', 'ipv4-unicast'));
  t.equal(collector.table('', 'loc-rib').length, 20_000);
  speaker.withdraw(parsePrefix('10.0.0.0/24'));
  await until(() => collector.table('', 'loc-rib').length === 19_999);
  t.match(speaker.bmpCollectors(), [{ name: 'station', state: 'connected', connections: 1, dropped: 0 }]);
  t.equal(speaker.bmpCollectors()[0]!.messages, collector.messages.length);

  const lost = new Promise<SpeakerEvents['bmp']>((resolve) =>
    speaker.on('bmp', (event) => event.change === 'lost' && resolve(event)),
  );
  sockets[0]!.destroy();
  t.match(await lost, { collector: 'station', change: 'lost', reason: /./, at: Number });
  collector.restart();
  await until(() => collector.hasEnded('', 'loc-rib', 'ipv4-unicast'));
  t.ok(speaker.removeBmpCollector('station'));
  if (!sockets[1]!.closed) await once(server, 'closed');
  t.equal(collector.messages.at(-1)!.type, 'termination');
});

t.test('the end of the speaker is a Termination', async (t) => {
  const speaker = await runSpeaker({ asn: 65001, routerId: 1, listen: [] });
  const collector = new SimCollector();
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      collector.receive(chunk);
      server.emit('progress');
    });
    socket.on('close', () => server.emit('closed'));
  });
  t.teardown(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  speaker.addBmpCollector({ name: 'station', address: LOOPBACK, port: (server.address() as AddressInfo).port });
  await once(server, 'progress');
  await Promise.all([once(server, 'closed'), speaker.close()]);
  t.equal(collector.messages.at(-1)!.type, 'termination');
});
