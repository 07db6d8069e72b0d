/** Packet filter rules inside a host, to make networks fail on purpose. */
import { randomBytes } from 'node:crypto';
import type { Host } from './host.js';

/**
 * Drops packets that match any of these nftables expressions, coming in, going out or passing: `tcp dport 179`,
 * `ip saddr 10.0.0.2`. The answer takes the rules away again.
 */
export async function dropPackets(host: Host, ...matches: readonly string[]): Promise<() => Promise<void>> {
  const table = `lab_${randomBytes(4).toString('hex')}`;
  const rules = matches.map((match) => `    ${match} drop`).join('\n');
  const chains = ['input', 'output', 'forward'].map(
    (hook) => `  chain ${hook} {\n    type filter hook ${hook} priority -10;\n${rules}\n  }\n`,
  );
  await host.exec('nft', ['-f', '/dev/stdin'], { input: `table inet ${table} {\n${chains.join('')}}\n` });
  return async () => {
    await host.exec('nft', ['delete', 'table', 'inet', table]);
  };
}

/** Silences BGP with one peer in both directions, whoever dialled; the TCP connections themselves stay as they are. */
export function dropBgp(host: Host, peerAddress: string): Promise<() => Promise<void>> {
  const ip = peerAddress.includes(':') ? 'ip6' : 'ip';
  const ways = ['saddr', 'daddr'].flatMap((end) =>
    ['sport', 'dport'].map((port) => `${ip} ${end} ${peerAddress} tcp ${port} 179`),
  );
  return dropPackets(host, ...ways);
}
