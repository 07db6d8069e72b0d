/**
 * A node that assigns and releases until it is killed: `node worker.js DIRECTORY NODE`. It writes a line behind each
 * assignment (`+ TIME ADDRESS HANDLE`) and before each release (`- TIME ADDRESS HANDLE`), with the machine's monotonic
 * clock, so that the test knows who held what when.
 */
import { writeSync } from 'node:fs';
import { formatAddress } from '@tortie/ip';
import { openLmdbStore } from '@tortie/store/node';
import { type Assignment, Ipam, IpamError } from '../../src/index.js';

const [, , directory = '', node = ''] = process.argv;
const ipam = new Ipam({ store: openLmdbStore(directory), now: Date.now });
const say = (sign: '+' | '-', { address, handle }: Assignment): void => {
  writeSync(1, `${sign} ${process.hrtime.bigint()} ${formatAddress(address)} ${handle}\n`);
};

await ipam.repair({ node });
const held = new Map<string, readonly Assignment[]>();
for (const assignment of await ipam.assignments({ node })) {
  say('+', assignment);
  held.set(assignment.handle, [...(held.get(assignment.handle) ?? []), assignment]);
}
for (let turn = 0; ; turn++) {
  const choice = Math.random();
  try {
    if (choice < 0.55) {
      const handle = `${node}.${process.pid}.${turn}`;
      const count6 = Math.random() < 0.3 ? 1 : 0;
      const assignments = await ipam.assign({ node, handle, count4: 1 + (turn % 2), count6 });
      for (const assignment of assignments) say('+', assignment);
      held.set(handle, assignments);
    } else if (choice < 0.97) {
      const handles = [...held.keys()];
      const handle = handles[Math.floor(Math.random() * handles.length)];
      if (handle === undefined) continue;
      for (const assignment of held.get(handle)!) say('-', assignment);
      held.delete(handle);
      await ipam.release({ handle });
    } else {
      const [block] = await ipam.blocksOf(node);
      if (block) await ipam.releaseBlock(node, block.cidr);
    }
  } catch (error) {
    if (!(error instanceof IpamError && error.code === 'ERR_IPAM_POOL_FULL')) throw error;
  }
}
