/** Speakers on real sockets, over loopback. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import t, { type Test } from 'tap';
import { BgpTransportError, type RunningSpeaker, runSpeaker, type SessionEvent } from '../../node/index.js';
import { BgpConfigError, type PeerConfig } from '../../src/index.js';
import { messages, octets, openMessage } from '../../testing/index.js';

const LOOPBACK = parseAddress('127.0.0.1');
/** The dialling end has an address of its own: a next hop that is its own address would not count. */
const DIALLER = parseAddress('127.0.0.2');

async function speakerOf(
  t: Test,
  fields: Partial<Parameters<typeof runSpeaker>[0]> & { readonly asn: number },
): Promise<RunningSpeaker> {
  const speaker = await runSpeaker({ routerId: fields.asn, listen: [{ address: LOOPBACK, port: 0 }], ...fields });
  t.teardown(() => speaker.close());
  return speaker;
}

/** Resolves with the event that brings the peer into this state. */
const reaches = (speaker: RunningSpeaker, peer: string, state: string): Promise<SessionEvent> =>
  new Promise((resolve) => {
    const listener = (event: SessionEvent): void => {
      if (event.peer !== peer || event.to !== state) return;
      speaker.off('session', listener);
      resolve(event);
    };
    speaker.on('session', listener);
  });

const portOf = (speaker: RunningSpeaker): number => speaker.listening[0]!.port;

/** Two speakers can share one address of loopback only if one of them waits. */
const passive = (asn: number): PeerConfig => ({
  name: 'other',
  remoteAddress: LOOPBACK,
  remoteAsn: asn,
  passive: true,
});

t.test('two speakers exchange routes', async (t) => {
  const a = await speakerOf(t, { asn: 65001 });
  const b = await speakerOf(t, { asn: 65002 });
  const up = [reaches(a, 'other', 'established'), reaches(b, 'other', 'established')];
  for (let index = 0; index < 300; index++) a.originate(parsePrefix(`10.1.${index % 256}.${(index >> 8) << 7}/25`));
  b.originate(parsePrefix('2001:db8::/32'));
  a.addPeer({ ...passive(65002), remoteAddress: DIALLER });
  const dial = { localAddress: DIALLER, remoteAddress: LOOPBACK, remotePort: portOf(a) };
  b.addPeer({ name: 'other', ...dial, remoteAsn: 65001 });
  await Promise.all(up);
  const got: string[] = [];
  await new Promise<void>((resolve) => {
    const read = (): void => {
      for (const { prefix, paths } of routes.take(1000)) if (paths.length > 0) got.push(formatPrefix(prefix));
      if (got.length === 301) resolve();
    };
    const routes = b.subscribe({ onReady: () => setImmediate(read) });
    read();
  });
  t.ok(got.includes('10.1.0.0/25') && got.includes('2001:db8::/32'));
  t.match(b.peer('other')?.families[0], { family: 'ipv4-unicast', received: 300 });
  t.match(b.peer('other')?.localAddress, DIALLER);
  const lost = reaches(b, 'other', 'idle');
  await a.close({ text: 'done' });
  t.match(await lost, { reason: 'peer sent Cease/Administrative Shutdown (Hard Reset): done' });
});

t.test('a graceful close says nothing', async (t) => {
  const a = await speakerOf(t, { asn: 65001 });
  const b = await speakerOf(t, { asn: 65002 });
  a.addPeer(passive(65002));
  const up = reaches(b, 'other', 'established');
  b.addPeer({ name: 'other', remoteAddress: LOOPBACK, remotePort: portOf(a), remoteAsn: 65001 });
  await up;
  const lost = reaches(b, 'other', 'idle');
  await a.close({ graceful: true });
  t.match(await lost, { reason: 'the peer closed the connection' });
});

t.test('nobody listens', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const speaker = await speakerOf(t, { asn: 65001 });
  const active = reaches(speaker, 'other', 'active');
  speaker.addPeer({ name: 'other', remoteAddress: LOOPBACK, remotePort: port, remoteAsn: 65002 });
  t.match(await active, { reason: 'TCP connection refused', from: 'connect' });
});

t.test('a stranger is told and turned away', async (t) => {
  const speaker = await speakerOf(t, { asn: 65001 });
  const refused = new Promise((resolve) => speaker.on('refused', resolve));
  const socket = connect(portOf(speaker), '127.0.0.1');
  const received: Uint8Array[] = [];
  socket.on('data', (chunk: Uint8Array) => received.push(chunk));
  await once(socket, 'close');
  t.match(await refused, { remoteAddress: '127.0.0.1', reason: 'no peer has this address' });
  t.match(messages(received), [{ type: 'notification', errorCode: 6, errorSubcode: 5 }]);
});

t.test('what plain TCP cannot do is refused, not ignored', async (t) => {
  const speaker = await speakerOf(t, { asn: 65001 });
  const peer: PeerConfig = { name: 'other', remoteAddress: LOOPBACK, remoteAsn: 65002 };
  t.throws(() => speaker.addPeer({ ...peer, password: 'secret' }), BgpTransportError);
  t.same(speaker.peers(), []);
  const problem = new Promise<{ error: Error }>((resolve) => speaker.on('problem', resolve));
  speaker.addPeer({ ...peer, ttlSecurityHops: 1 });
  t.match((await problem).error, { code: 'ERR_BGP_TRANSPORT' });
  t.equal(speaker.peer('other')?.state, 'active');
});

t.test('mistakes in the configuration', async (t) => {
  const speaker = await speakerOf(t, { asn: 65001 });
  speaker.addPeer(passive(65002));
  t.throws(() => speaker.addPeer(passive(65002)), BgpConfigError);
  t.throws(() => speaker.addPeer({ ...passive(65002), name: 'again' }), {
    message: /has the address 127.0.0.1 already/,
  });
  t.throws(() => speaker.updatePeer('nobody', passive(65002)), { code: 'ERR_BGP_CONFIG' });
  t.throws(() => speaker.addPeer({ ...passive(0), name: 'third' }), { message: /remoteAsn is 0/ });
  t.notOk(speaker.removePeer('nobody'));
  t.notOk(speaker.resetPeer('nobody', 'hard'));
  t.throws(() => speaker.adjRibIn('nobody', 'pre', 'ipv4-unicast'), BgpConfigError);
  await t.rejects(runSpeaker({ asn: 0, routerId: 1, listen: [] }), { message: /asn is 0/ });
  await t.rejects(runSpeaker({ asn: 1, routerId: 0, listen: [] }), { message: /routerId is 0/ });
});

t.test('a peer that reads nothing costs no memory and holds up nobody', async (t) => {
  const ROUTES = 40_000;
  const speaker = await speakerOf(t, { asn: 65001 });
  // About 20 MB of UPDATEs, more than two kernels buffer.
  const communities = Array.from({ length: 110 }, (_, index) => index + 1);
  for (let index = 0; index < ROUTES; index++) {
    speaker.originate(parsePrefix(`10.${index >> 8}.${index & 255}.0/24`), { med: index, communities });
  }
  speaker.addPeer({ ...passive(65002), name: 'slow' });
  const fastAddress = parseAddress('127.0.0.2');
  speaker.addPeer({ ...passive(65003), name: 'fast', remoteAddress: fastAddress });

  const slow: Socket = connect(portOf(speaker), '127.0.0.1');
  t.teardown(() => slow.destroy());
  await once(slow, 'connect');
  const up = reaches(speaker, 'slow', 'established');
  slow.pause();
  slow.write(octets(openMessage({ asn: 65002, routerId: 7 })));
  slow.write(octets({ type: 'keepalive' }));
  await up;

  const fast = await speakerOf(t, { asn: 65003, listen: [] });
  const complete = new Promise<void>((resolve) =>
    fast.on('end-of-rib', ({ family }) => family === 'ipv4-unicast' && resolve()),
  );
  fast.addPeer({
    name: 'other',
    remoteAddress: LOOPBACK,
    remotePort: portOf(speaker),
    remoteAsn: 65001,
    localAddress: fastAddress,
  });
  await complete;
  t.match(fast.peer('other')?.families[0], { family: 'ipv4-unicast', received: ROUTES });
  t.ok(speaker.peer('slow')!.sent.octets < speaker.peer('fast')!.sent.octets / 2, 'the rest waits in the RIB');
  t.ok(speaker.peer('slow')!.pendingOctets > 0);

  const lost = reaches(speaker, 'slow', 'idle');
  speaker.removePeer('slow');
  await lost;
});
