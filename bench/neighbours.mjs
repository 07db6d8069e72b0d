/**
 * Writes down for each host where every other one is. The kernel counts neighbours of all network namespaces of a machine together
 * and knows a thousand of them (net.ipv4.neigh.default.gc_thresh3); those written down are not counted.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '@tortie/lab';

export async function knowNeighbours(hosts) {
  const folder = mkdtempSync(join(tmpdir(), 'tortie-neighbours-'));
  const file = join(folder, 'batch');
  const known = await Promise.all(
    hosts.map(async (host) => {
      const { stdout } = await runCommand('ip', ['-n', host.netns, '-j', 'link', 'show', 'eth0']);
      return { address: host.address(), mac: JSON.parse(stdout)[0].address };
    }),
  );
  for (const [at, host] of hosts.entries()) {
    const others = known.filter((_, other) => other !== at);
    writeFileSync(
      file,
      others.map(({ address, mac }) => `neigh replace ${address} lladdr ${mac} dev eth0 nud permanent\n`).join(''),
    );
    await runCommand('ip', ['-n', host.netns, '-batch', file]);
  }
  rmSync(folder, { recursive: true });
}
