/** Two namespaces of random names joined by a veth pair; skipped, with the reason, without rights. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { SessionSpec } from '@tortie/bfd';
import { BfdService, type StateEvent } from '@tortie/bfd/node';
import { parseAddress, parseInterfaceAddress } from '@tortie/ip';
import { createNetns, deleteNetns, openRtnetlink, probeKernel } from '@tortie/linux/node';
import t, { type Test } from 'tap';

const { addon, netAdmin, netns } = await probeKernel();
const missing = [addon, netAdmin, netns].find((capability) => !capability.available);
export const withoutRights = missing && !missing.available ? missing.reason : false;

export interface TwoHosts {
  /** Names of the namespaces. The interface is `e0` on both. */
  readonly left: string;
  readonly right: string;
  /** A service in a namespace, and its events. */
  service(netns: string, vrf?: string): { bfd: BfdService; events: StateEvent[]; problems: string[] };
  /** Something to close before the namespaces go. */
  closing(close: () => unknown): void;
}

export const ADDRESSES = {
  left: ['10.9.0.1/24', 'fd09::1/64', 'fe80::9:1/64'],
  right: ['10.9.0.2/24', 'fd09::2/64', 'fe80::9:2/64'],
} as const;

export function twoHostsTest(name: string, body: (t: Test, hosts: TwoHosts) => Promise<void>): void {
  t.test(name, { skip: withoutRights }, async (t) => {
    const closers: (() => unknown)[] = [];
    const host = async (): Promise<string> => {
      const name = `tortie-${randomBytes(5).toString('hex')}`;
      await createNetns(name);
      closers.push(() => deleteNetns(name));
      return name;
    };
    try {
      const left = await host();
      const right = await host();
      const links = [await openRtnetlink({ netns: left }), await openRtnetlink({ netns: right })] as const;
      await links[0].createLink({ name: 'e0', kind: 'veth', peer: { name: 'e0', netns: right } });
      for (const [at, addresses] of [
        [links[0], ADDRESSES.left],
        [links[1], ADDRESSES.right],
      ] as const) {
        const { ifindex } = (await at.link('e0'))!;
        for (const text of addresses) {
          const length = Number(text.split('/')[1]);
          // Before the link is up: no duplicate address detection then has to be waited for.
          await at.addAddress(ifindex, parseInterfaceAddress(text).address, length);
        }
        await at.changeLink('e0', { up: true });
        at.close();
      }
      await body(t, {
        left,
        right,
        closing: (close) => void closers.push(close),
        service(netns, vrf) {
          const bfd = new BfdService({ netns, ...(vrf !== undefined && { vrf }) });
          const events: StateEvent[] = [];
          const problems: string[] = [];
          bfd.on('state', (event) => void events.push(event));
          bfd.on('problem', ({ text }) => void problems.push(text));
          closers.push(() => bfd.close());
          return { bfd, events, problems };
        },
      });
    } finally {
      for (const close of closers.reverse()) await close();
    }
  });
}

const FAST = { minTxMs: 100, minRxMs: 100, multiplier: 3 };

/** A session with 100 ms x 3. */
export const spec = (remote: string, over: Partial<SessionSpec> = {}): SessionSpec => ({
  name: 'peer',
  remoteAddress: parseAddress(remote),
  ...FAST,
  ...over,
});

/** Waits for a condition; gives up with the test's own time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** The state of a session. */
export const stateOf = async (bfd: BfdService, name: string): Promise<string | undefined> =>
  (await bfd.report()).sessions.find((one) => one.name === name)?.state;

const run = promisify(execFile);

/** Drops what comes in and matches, like `udp dport 3784`; gives what mends it. */
export async function dropIncoming(netns: string, match: string): Promise<() => Promise<unknown>> {
  const nft = (...args: string[]) => run('ip', ['netns', 'exec', netns, 'nft', ...args]);
  await nft('add table inet cut; add chain inet cut in { type filter hook input priority 0; }');
  await nft(`add rule inet cut in ${match} drop`);
  return () => nft('delete table inet cut');
}
