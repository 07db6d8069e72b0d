/** The node's key pair for WireGuard (X25519, RFC 7748): made once, kept in a file for root only, told to nobody but the kernel. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface WireguardKey {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

const KEY_OCTETS = 32;
/** What stands before the 32 octets in PKCS #8. RFC 8410 section 7. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** The pair of a file in the form of `wg genkey`; makes it where there is none. Throws where the file is something else. */
export function wireguardKey(file: string): WireguardKey {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return newWireguardKey(file);
  }
  const octets = Buffer.from(text.trim(), 'base64');
  if (octets.length !== KEY_OCTETS) {
    throw new Error(`${file} holds no WireGuard key; delete it, and a new one is made, or write one with wg genkey`);
  }
  // Somebody may have copied it here.
  chmodSync(file, 0o600);
  return pairOf(createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, octets]), format: 'der', type: 'pkcs8' }));
}

/** Makes a pair and writes it; the one that was there is gone. */
export function newWireguardKey(file: string): WireguardKey {
  const pair = pairOf(generateKeyPairSync('x25519').privateKey);
  const scratch = `${file}.new`;
  mkdirSync(dirname(file), { recursive: true });
  rmSync(scratch, { force: true });
  const text = `${Buffer.from(pair.privateKey).toString('base64')}\n`;
  writeFileSync(scratch, text, { mode: 0o600, flag: 'wx', flush: true });
  renameSync(scratch, file);
  return pair;
}

const pairOf = (key: KeyObject): WireguardKey => ({
  privateKey: octetsOf(key, 'd'),
  publicKey: octetsOf(createPublicKey(key), 'x'),
});

const octetsOf = (key: KeyObject, part: 'd' | 'x'): Uint8Array =>
  Uint8Array.from(Buffer.from(key.export({ format: 'jwk' })[part]!, 'base64url'));
