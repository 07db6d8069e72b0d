/** Agents that restart, crash and are upgraded while pods talk: no packet is lost. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Agent, enterNamespaces, type Lab } from '@tortie/lab';
import t from 'tap';
import { eventually } from './eventually.js';
import { askAll, FAMILIES, faultsIn, startPings, withNetwork } from './network-rig.js';
import { installInto } from './second-installation.js';

await enterNamespaces();

const reached = (lab: Lab): Promise<unknown> =>
  eventually('everybody to reach everybody', async () => {
    const faults = faultsIn(await askAll(lab));
    if (faults.length > 0) throw new Error(faults.slice(0, 5).join('; '));
    return true;
  });

/** Until nothing in the kernel waits for the peers to confirm it. */
const confirmed = (agent: Agent): Promise<unknown> =>
  eventually(`${agent.host.name} to have all its routes anew`, async () => {
    const { stale, pending } = (await agent.status()).fib;
    return stale === 0 && pending === 0;
  });

t.test('restart, crash and upgrade of both ends at once', (t) =>
  withNetwork({ way: {}, bgp: true, pods: 1, oneSubnet: true }, async (lab) => {
    await reached(lab);
    const [from, to] = [...lab.pods.values()];
    const agents = [...lab.agents.values()];
    const old = installInto(mkdtempSync(join(tmpdir(), 'tortie-old-')));
    const steps: readonly [string, () => Promise<unknown>][] = [
      ['a restart', () => Promise.all(agents.map((agent) => agent.restart()))],
      ['a crash', () => Promise.all(agents.map((agent) => agent.restart('SIGKILL', old.agent)))],
      [
        'an upgrade: the old one is gone before the new one starts',
        async () => {
          await Promise.all(agents.map((agent) => agent.stop()));
          old.remove();
          await Promise.all(agents.map((agent) => agent.start()));
        },
      ],
    ];
    try {
      for (const [what, act] of steps) {
        const streams = FAMILIES.map((family) => startPings(from!, to!.addresses[family]!));
        await act();
        for (const agent of agents) await confirmed(agent);
        await reached(lab);
        for (const end of streams) {
          const { sent, received } = await end();
          t.ok(sent > 10, `${what}: ${sent} packets sent`);
          t.equal(sent - received, 0, `${what}: none lost`);
        }
      }
    } finally {
      old.remove();
    }
  }),
);
