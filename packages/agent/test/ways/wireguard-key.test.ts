import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { newWireguardKey, wireguardKey } from '../../node/ways/wireguard-key.js';

const BOB = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb';
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

t.test('a key is made once, for nobody else to read', async (t) => {
  const file = join(t.testdir(), 'state', 'n1.wireguard.key');
  const first = wireguardKey(file);
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(
    readFileSync(file, 'utf8'),
    `${Buffer.from(first.privateKey).toString('base64')}\n`,
    'as wg genkey writes it',
  );
  chmodSync(file, 0o644);
  t.same(wireguardKey(file), first);
  t.equal(statSync(file).mode & 0o777, 0o600);
});

t.test('another key takes the place of the one that is there, as private as that', async (t) => {
  const file = join(t.testdir({ 'key.new': 'what a crash has left' }), 'key');
  const first = wireguardKey(file);
  const second = newWireguardKey(file);
  t.notSame(second.publicKey, first.publicKey);
  t.same(wireguardKey(file), second);
  t.equal(statSync(file).mode & 0o777, 0o600);
});

t.test('the public key is that of RFC 7748 section 6.1', async (t) => {
  const file = join(t.testdir(), 'key');
  writeFileSync(file, Buffer.from(BOB, 'hex').toString('base64'));
  t.equal(hex(wireguardKey(file).publicKey), 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
});

t.test('a file that holds something else is told of, and left', async (t) => {
  const file = join(t.testdir({ key: 'nonsense' }), 'key');
  t.throws(() => wireguardKey(file), { message: /holds no WireGuard key; delete it/ });
  t.equal(readFileSync(file, 'utf8'), 'nonsense');
});
