/** Tests against the real kernel: namespaces of random names, removed whatever happens; skipped, with the reason, without rights. */
import { randomBytes } from 'node:crypto';
import { parseInterfaceAddress } from '@tortie/ip';
import { createNetns, deleteNetns, openRtnetlink, probeKernel, type Rtnetlink } from '@tortie/linux/node';
import t, { type Test } from 'tap';

const { addon, netAdmin, netns } = await probeKernel();
const missing = [addon, netAdmin, netns].find((capability) => !capability.available);
const skip = missing && !missing.available ? missing.reason : false;

export interface Host {
  readonly netns: string;
  readonly rtnetlink: Rtnetlink;
}

export interface Lab {
  /** A namespace with a client in it. */
  host(): Promise<Host>;
  /** A veth between two hosts, both ends up and with these addresses (`10.0.0.1/24`); gives both indices. */
  wire(
    left: Host,
    right: Host,
    leftAddresses: readonly string[],
    rightAddresses: readonly string[],
  ): Promise<[number, number]>;
  /** Something to close before the namespaces go. */
  closing(close: () => unknown): void;
}

export function kernelTest(name: string, body: (t: Test, lab: Lab) => Promise<void>): void {
  t.test(name, { skip }, async (t) => {
    const closers: (() => unknown)[] = [];
    let wires = 0;
    const lab: Lab = {
      async host() {
        const netns = `tortie-${randomBytes(5).toString('hex')}`;
        await createNetns(netns);
        closers.push(() => deleteNetns(netns));
        const rtnetlink = await openRtnetlink({ netns });
        closers.push(() => rtnetlink.close());
        return { netns, rtnetlink };
      },
      async wire(left, right, leftAddresses, rightAddresses) {
        const name = `w${wires++}`;
        await left.rtnetlink.createLink({ name, kind: 'veth', peer: { name, netns: right.netns } });
        const indices: number[] = [];
        for (const [host, addresses] of [
          [left, leftAddresses],
          [right, rightAddresses],
        ] as const) {
          await host.rtnetlink.changeLink(name, { up: true });
          const { ifindex } = (await host.rtnetlink.link(name))!;
          indices.push(ifindex);
          for (const text of addresses) {
            const length = Number(text.split('/')[1]);
            await host.rtnetlink.addAddress(ifindex, parseInterfaceAddress(text).address, length);
          }
        }
        return [indices[0]!, indices[1]!];
      },
      closing: (close) => void closers.push(close),
    };
    try {
      await body(t, lab);
    } finally {
      for (const close of closers.reverse()) await close();
    }
  });
}

/** Waits for a condition that an event makes true; gives up with the test's own time limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
