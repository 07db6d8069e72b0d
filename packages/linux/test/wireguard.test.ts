/** WireGuard's messages. The octets are laid out after linux/wireguard.h, by other code than ours. */
import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import {
  LinuxError,
  mergeWireguard,
  readFamilyId,
  readWireguard,
  type WireguardPeer,
  type WireguardPeerChange,
  wireguardDelta,
  wireguardPieces,
  writeFamilyLookup,
  writeWireguardChange,
} from '@tortie/linux';
import t from 'tap';
import { cutMessage, hexOf, messageOf } from './support/hex.js';

const KEY = Uint8Array.from({ length: 32 }, (_, at) => at);
const OTHER = new Uint8Array(32).fill(0xaa);
const PRIVATE = new Uint8Array(32).fill(0x11);
const place = (text: string, port: number) => ({ address: parseAddress(text), port });

t.test('the family is looked for by name', async (t) => {
  t.equal(
    hexOf((to) => writeFamilyLookup(to, 5, 7, 'wireguard')),
    '24000000100005000700000000000000030100000e000200776972656775617264000000',
  );
  const answer =
    '34000000100000000700000000000000010200000e000200776972656775617264000000060001001f0000000800030001000000';
  t.equal(readFamilyId(messageOf(answer)), 0x1f);
});

t.test('a device gets its key, its port and two peers', async (t) => {
  const change = {
    ifindex: 7,
    privateKey: PRIVATE,
    port: 51820,
    replacePeers: true,
    peers: [
      {
        publicKey: KEY,
        endpoint: place('10.0.0.2', 51820),
        keepaliveS: 25,
        allowedIps: ['10.244.2.0/26', '10.0.0.2/32'].map(parsePrefix),
        replaceAllowedIps: true,
      },
      { publicKey: OTHER, remove: true },
    ],
  };
  t.equal(
    hexOf((to) => writeWireguardChange(to, 0x1f, 5, 7, change)),
    '0c0100001f00050007000000000000000101000008000100070000002400030011111111111111111111111111111111111111111111111111111111111111110800050001000000060006006cca0000bc0008808800008024000100000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0800030002000000140004000200ca6c0a000002000000000000000006000500190000003c0009801c0000800600010002000000080002000af40200050003001a0000001c0000800600010002000000080002000a00000205000300200000003000008024000100aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0800030001000000',
  );
});

t.test('a device as the kernel shows it, and cut at every octet', async (t) => {
  const hex =
    '540100001f000200070000000000000000010000060006006dca000008000700000000000800010007000000080002007767300024000300111111111111111111111111111111111111111111111111111111111111111124000400aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaad8000880d400008024000100000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2400020000000000000000000000000000000000000000000000000000000000000000001400060000f1536500000000050000000000000006000500190000000c00080094000000000000000c0007005c0000000000000008000a0001000000200004000a00ca6d00000000fd000000000000000000000000000002000000002c00098028000080050003007a000000060001000a00000014000200fd000010000000000000000000000000';
  const device = readWireguard(messageOf(hex));
  t.same(device, {
    ifindex: 7,
    publicKey: OTHER,
    port: 51821,
    peers: [
      {
        publicKey: KEY,
        endpoint: place('fd00::2', 51821),
        keepaliveS: 25,
        handshakeS: 1_700_000_000,
        allowedIps: [parsePrefix('fd00:10::/122')],
      },
    ],
  });
  t.notOk(JSON.stringify(device).includes('17,17'), 'the private key goes nowhere');
  for (let octets = 16; octets < hex.length / 2; octets++) {
    try {
      readWireguard(cutMessage(hex, octets));
    } catch (error) {
      if (!(error instanceof LinuxError)) t.fail(`cut at ${octets}: ${error}`);
    }
  }
});

const peer = (publicKey: Uint8Array, ...prefixes: string[]): WireguardPeer => ({
  publicKey,
  keepaliveS: 25,
  handshakeS: 0,
  endpoint: place('10.0.0.2', 51820),
  allowedIps: prefixes.map(parsePrefix),
});

t.test('a peer that goes on in the next message is one', async (t) => {
  const part = (...peers: WireguardPeer[]) => ({ ifindex: 7, port: 1, peers });
  const whole = mergeWireguard([part(peer(KEY, '10.0.0.0/24')), part(peer(KEY, '10.0.1.0/24'), peer(OTHER))]);
  t.same(
    whole?.peers.map(({ allowedIps }) => allowedIps.map(formatPrefix)),
    [['10.0.0.0/24', '10.0.1.0/24'], []],
  );
  t.equal(mergeWireguard([]), undefined);
});

const told = (changes: readonly WireguardPeerChange[]): string[] =>
  changes.map(({ publicKey, remove, replaceAllowedIps, endpoint, allowedIps = [] }) =>
    [
      publicKey === KEY ? 'KEY' : 'OTHER',
      remove ? 'goes' : replaceAllowedIps ? 'has only' : 'gets',
      ...(endpoint ? ['endpoint'] : []),
      ...allowedIps.map(formatPrefix),
    ].join(' '),
  );

t.test('what brings peers to what they shall be', async (t) => {
  const [a, b] = ['10.244.1.0/26', '10.244.2.0/26'];
  const want = (key: Uint8Array, ...prefixes: string[]) => peer(key, ...prefixes) as Required<WireguardPeer>;
  const delta = (present: WireguardPeer[], wanted: Required<WireguardPeer>[]) => told(wireguardDelta(present, wanted));
  t.same(delta([peer(KEY, a)], [want(KEY, a)]), []);
  t.same(delta([], [want(KEY, a, b)]), [`KEY gets endpoint ${a} ${b}`]);
  t.same(delta([peer(KEY, a)], [want(KEY, a, b)]), [`KEY gets ${b}`], 'nothing is taken away for a moment');
  t.same(delta([peer(KEY, a, b)], [want(KEY, a)]), [`KEY has only ${a}`]);
  t.same(delta([peer(KEY, a), peer(OTHER, b)], [want(KEY, a)]), ['OTHER goes']);
  t.same(delta([peer(KEY, a)], [want(OTHER, a)]), [`OTHER gets endpoint ${a}`, 'KEY goes'], 'another key for the same');
  t.same(
    delta([peer(KEY, a), peer(OTHER, b)], [want(KEY), want(OTHER, a, b)]),
    [`OTHER gets ${a}`, 'KEY has only'],
    'a prefix that moves is at its new peer before the old one is touched',
  );
  t.same(delta([{ ...peer(KEY, a), endpoint: place('10.0.0.3', 51820) }], [want(KEY, a)]), ['KEY gets endpoint']);
});

t.test('large changes go out in pieces, and nothing is lost between them', async (t) => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => parsePrefix(`10.${at >> 8}.${at & 255}.0/24`));
  const changes: WireguardPeerChange[] = [
    { publicKey: KEY, allowedIps: many(1201), replaceAllowedIps: true },
    ...Array.from({ length: 250 }, (_, at) => ({ publicKey: new Uint8Array(32).fill(at + 1), allowedIps: many(3) })),
  ];
  const pieces = [...wireguardPieces(changes)];
  for (const piece of pieces) {
    t.ok(piece.reduce((sum, { allowedIps }) => sum + allowedIps!.length, 0) <= 500);
    t.ok(piece.length <= 100);
    t.ok(hexOf((to) => writeWireguardChange(to, 1, 5, 7, { ifindex: 7, peers: piece })).length / 2 < 60_000);
  }
  const ofKey = pieces.flat().filter(({ publicKey }) => publicKey === KEY);
  t.same(
    ofKey.flatMap(({ allowedIps }) => allowedIps!.map(formatPrefix)),
    many(1201).map(formatPrefix),
  );
  t.same(
    ofKey.map(({ replaceAllowedIps }) => replaceAllowedIps ?? false),
    [true, false, false],
    'only the first of them replaces',
  );
  t.equal(pieces.flat().length, 3 + 250);
});
