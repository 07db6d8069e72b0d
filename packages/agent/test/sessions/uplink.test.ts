import { type Address, formatAddress, parseAddress } from '@tortie/ip';
import type { Link, RouterAdvertisement } from '@tortie/linux';
import type { RouterDiscovery, RouterDiscoveryOptions } from '@tortie/linux/node';
import t, { type Test } from 'tap';
import { Uplink } from '../../node/sessions/uplink.js';
import { until } from '../until.js';

const OURS = parseAddress('fe80::1');
const FAR = parseAddress('fe80::2');

const link = (over: Partial<Link> = {}): Link => ({
  ifindex: 7,
  name: 'eth1',
  up: true,
  running: true,
  flags: 0,
  mtu: 1500,
  mac: '02:00:00:00:00:01',
  ...over,
});

/** An uplink on sockets that only write down what they are told. */
function uplinkOf(t: Test, refusal?: Error, engaged: (address: Address) => boolean = () => false) {
  const sockets: { options: RouterDiscoveryOptions; said: string[]; closed: boolean }[] = [];
  const problems: string[] = [];
  const doubts: string[] = [];
  let heard = 0;
  const uplink = new Uplink({
    name: 'eth1',
    engaged,
    onDoubt: (address) => doubts.push(formatAddress(address)),
    onHeard: () => {
      heard++;
    },
    onProblem: (text) => problems.push(text),
    open(options) {
      if (refusal) throw refusal;
      const socket = { options, said: [] as string[], closed: false };
      sockets.push(socket);
      return {
        advertise({ routerLifetimeS, mac }: RouterAdvertisement) {
          socket.said.push(`advertise ${routerLifetimeS} ${mac}`);
          return 0;
        },
        solicit(mac?: string) {
          socket.said.push(`solicit ${mac}`);
          return 0;
        },
        close() {
          socket.closed = true;
        },
      } as unknown as RouterDiscovery;
    },
  });
  t.teardown(() => uplink.close());
  return { uplink, sockets, problems, doubts, heard: () => heard };
}

const advertisement = (socket: { options: RouterDiscoveryOptions }, from: Address): void =>
  socket.options.onMessage({ type: 'router-advertisement' } as RouterAdvertisement, from);

t.test('what is in the way, in the order in which it is put right', async (t) => {
  const { uplink, sockets } = uplinkOf(t);
  const reason = () => uplink.discovery().reason;
  t.equal(reason(), 'there is no interface eth1');
  t.notOk(uplink.update(link({ up: false, running: false }), []));
  t.equal(reason(), 'interface eth1 is down');
  uplink.update(link({ running: false }), [OURS]);
  t.equal(reason(), 'interface eth1 has no carrier');
  t.equal(sockets.length, 0);
  t.ok(uplink.update(link(), []));
  t.match(reason(), /no link-local address yet/);
  t.strictSame(sockets[0]!.said, [], 'without an address nothing is said');
  t.ok(uplink.update(link(), [OURS]));
  t.match(reason(), /no router advertisement heard on eth1 since \d/);
  t.notOk(uplink.update(link(), [OURS]), 'nothing new');
  advertisement(sockets[0]!, FAR);
  t.match(uplink.discovery(), { state: 'found', address: 'fe80::2', localAddress: 'fe80::1' });
  t.equal(sockets.length, 1, 'one socket for all of it');
});

t.test('it asks, and says that it is there, as nobody’s default router', async (t) => {
  const { uplink, sockets } = uplinkOf(t);
  uplink.update(link(), [OURS]);
  const { said } = sockets[0]!;
  t.strictSame(said, ['solicit 02:00:00:00:00:01']);
  await until('an advertisement', async () => said.includes('advertise 0 02:00:00:00:00:01'));
});

t.test('down and up: another socket, and what was heard counts no longer', async (t) => {
  const { uplink, sockets, heard } = uplinkOf(t);
  uplink.update(link(), [OURS]);
  advertisement(sockets[0]!, FAR);
  uplink.hear(OURS, 'neighbour-table');
  t.equal(heard(), 1, 'we are no neighbour of ours');
  t.equal(formatAddress(uplink.found!), 'fe80::2');
  t.equal(uplink.ifindex, 7);
  uplink.update(link({ running: false }), [OURS]);
  t.strictSame([uplink.found, uplink.ifindex, sockets[0]!.closed], [undefined, undefined, true]);
  t.ok(uplink.update(link({ ifindex: 9 }), [OURS]));
  t.equal(sockets[1]!.options.ifindex, 9);
  t.equal(uplink.found, undefined);
});

t.test('the interface is another one under the same name', async (t) => {
  const { uplink, sockets } = uplinkOf(t);
  uplink.update(link(), [OURS]);
  advertisement(sockets[0]!, FAR);
  t.ok(uplink.update(link({ ifindex: 8 }), [OURS]));
  t.strictSame(
    sockets.map(({ closed }) => closed),
    [true, false],
  );
  t.equal(uplink.found, undefined);
});

t.test('without the right to hear advertisements the neighbour table still tells', async (t) => {
  const { uplink, problems } = uplinkOf(t, new Error('EPERM: not permitted'));
  uplink.update(link(), [OURS]);
  t.strictSame(problems, ['no router advertisements on eth1']);
  t.match(uplink.discovery(), { state: 'waiting', reason: /neither be heard nor sent on eth1: EPERM/ });
  uplink.update(link(), [OURS]);
  t.equal(problems.length, 1, 'told once');
  uplink.hear(FAR, 'neighbour-table');
  t.match(uplink.discovery(), { state: 'found', address: 'fe80::2', heardBy: 'neighbour-table', reason: /EPERM/ });
});

t.test('a router other than the one with the session: that one is asked for, once a second at most', async (t) => {
  let session: Address | undefined;
  const { uplink, sockets, doubts } = uplinkOf(t, undefined, (address) => session === address);
  uplink.update(link(), [OURS]);
  advertisement(sockets[0]!, FAR);
  advertisement(sockets[0]!, parseAddress('fe80::3'));
  t.strictSame(doubts, [], 'there is no session yet');
  session = uplink.found;
  const other = parseAddress('fe80::4');
  advertisement(sockets[0]!, session!);
  t.strictSame(doubts, [], 'it speaks itself');
  advertisement(sockets[0]!, other);
  advertisement(sockets[0]!, other);
  t.strictSame(doubts, [formatAddress(session!)]);
});
