/** Many pods at once, two runtimes at once, and an agent that is killed in the midst of it. */
import { enterNamespaces, runCommand } from '@tortie/lab';
import { subscribeEvents } from '@tortie/linux/node';
import t from 'tap';
import { addressIn, type CniNode, NOTHING, pings, success, withCniNode } from './cni-rig.js';
import { eventually } from './eventually.js';
import { events } from './start-agent.js';

await enterNamespaces();

/** Resolves with the kernel's word of a new link of a pod: to ask for it takes longer than it takes to make all of them. */
async function firstLink(node: CniNode): Promise<void> {
  let done = (): void => {};
  const made = new Promise<void>((resolve) => {
    done = resolve;
  });
  const subscription = await subscribeEvents({
    netns: node.host.netns,
    groups: ['link'],
    onEvents(events) {
      if (events.some((event) => event.type === 'link' && event.link.name.startsWith('tor'))) done();
    },
    onResync: done,
  });
  await made;
  subscription.close();
}

t.test('110 pods at once, asked for by two runtimes; GC takes away what is not valid', (t) =>
  withCniNode(async (node) => {
    const pods = await node.pods(110);
    const other = { name: 'others' };
    const calls = pods.map((pod, index) => ({ ...pod, version: '1.1.0', config: index % 2 ? other : {} }));
    const results = await Promise.all(calls.map((call) => node.add(call)));
    for (const version of [4, 6] as const) {
      t.equal(
        new Set(results.map((result) => addressIn(result, version))).size,
        110,
        `IPv${version}: no address twice`,
      );
    }
    const all = await node.traces();
    t.same([all.links.length, all.addresses.length, all.routes.length], [110, 220, 220]);
    const valid = calls.slice(0, 20).map(({ containerId }) => ({ containerID: containerId, ifname: 'eth0' }));
    const gc = { containerId: '', version: '1.1.0' };
    await node.silent('GC', { ...gc, config: { 'cni.dev/valid-attachments': valid } });
    t.equal((await node.traces()).links.length, 65, 'the 45 of the first network that are not valid');
    await node.silent('GC', { ...gc, config: { ...other, 'cni.dev/valid-attachments': [] } });
    t.equal((await node.traces()).links.length, 10);
    await Promise.all(calls.map((call) => node.silent('DEL', call)));
    t.same(await node.traces(), NOTHING);
  }),
);

t.test('an agent killed in the midst of ADDs takes back what was cut off, and keeps what was answered', (t) =>
  withCniNode(async (node) => {
    for (const answered of [0, 10]) {
      const pods = await node.pods(60);
      const made = firstLink(node);
      const answers = pods.map((pod) => node.call('ADD', pod));
      let done = 0;
      const enough = new Promise<void>((resolve) => {
        for (const answer of answers) void answer.then(() => ++done === answered && resolve());
      });
      await (answered === 0 ? made : enough);
      await node.agent.stop('SIGKILL');
      const all = await Promise.all(answers);
      const cut = pods.filter((_, index) => all[index]!.code !== 0);
      t.ok(cut.length > 0, `${cut.length} of 60 were cut off`);
      for (const { stdout } of all.filter(({ code }) => code !== 0)) t.match(JSON.parse(stdout), { code: 11 });
      await node.agent.start();
      const kept = all.filter(({ code }) => code === 0).map(success);
      t.ok(kept.length >= answered, `${kept.length} are kept`);
      const { links, addresses } = await node.traces();
      for (const { interfaces, ips } of kept) {
        t.ok(links.includes(interfaces[0]!.name), 'an answered one has its link');
        for (const { address } of ips) t.ok(addresses.includes(address.split('/')[0]!), 'and its addresses');
      }
      // An ADD may have been done and recorded when only its answer was missing: it counts as done.
      t.equal(addresses.length, 2 * links.length, 'no address without a link');
      for (const [index, pod] of pods.entries()) {
        const again = await node.add(pod);
        const first = all[index]!;
        if (first.code === 0) t.same(again, success(first), 'the same as before');
      }
      t.equal((await node.traces()).links.length, 60);
      await Promise.all(pods.map((pod) => node.silent('DEL', pod)));
      t.same(await node.traces(), NOTHING);
    }
  }),
);

t.test('after a restart the agent knows its pods, and has forgotten those whose namespaces went away', (t) =>
  withCniNode(async (node) => {
    const [stays, goes] = await Promise.all([node.pod(), node.pod()]);
    const result = await node.add(stays);
    await node.add(goes);
    await node.agent.stop('SIGKILL');
    await node.ip('link', 'set', result.interfaces[0]!.name, 'down');
    await runCommand('ip', ['netns', 'delete', goes.name]);
    await node.agent.start();
    const { links, addresses, routes } = await node.traces();
    t.same(links, [result.interfaces[0]!.name]);
    t.equal(addresses.length, 2);
    t.equal(routes.length, 2, 'its link is up and its routes are there again');
    await node.silent('CHECK', { ...stays, config: { prevResult: result } });
    t.ok((await events(node.agent)).some(({ cause }) => cause === 'its network namespace is gone'));
  }),
);

t.test('routes to pods that others take away or turn elsewhere are back soon, and told', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const [one, two] = [await node.pod(), await node.pod()];
    await node.add(one);
    const result = await node.add(two);
    const [link, v4, v6] = [result.interfaces[0]!.name, addressIn(result, 4), addressIn(result, 6)];
    const deeds: readonly (readonly string[])[] = [
      ['-4', 'route', 'del', v4, 'dev', link],
      ['-6', 'route', 'del', v6, 'dev', link],
      ['-4', 'route', 'replace', v4, 'dev', 'eth0', 'metric', '32'],
      ['-6', 'route', 'replace', 'blackhole', v6, 'metric', '32'],
      ['-4', 'route', 'flush', 'metric', '32'],
      ['-4', 'route', 'del', '169.254.1.1'],
    ];
    for (const deed of deeds) {
      await node.ip(...deed);
      await eventually(`what was before ${deed.join(' ')}`, async () => {
        const { routes } = await node.traces();
        return routes.length === 4 && /^169\.254\.1\.1 dev lo/m.test(await node.ip('-4', 'route'));
      });
      for (const address of [v4, v6]) t.ok(await pings(one.name, address), `${address} after ${deed.join(' ')}`);
    }
    const told = (await events(node.agent)).map(({ text }) => text);
    t.ok(told.some((text) => text.includes(`had no route to ${v4} any more`)));
  }),
);

t.test("a host's end that is renamed has its name again, one that is deleted is told", { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const [one, two] = [await node.pod(), await node.pod()];
    await node.add(one);
    const result = await node.add(two);
    const [link, v4, v6] = [result.interfaces[0]!.name, addressIn(result, 4), addressIn(result, 6)];
    await node.ip('link', 'set', link, 'down');
    await node.ip('link', 'set', link, 'name', 'eth7');
    await node.ip('link', 'set', 'eth7', 'up');
    const told = async (text: string): Promise<boolean> =>
      (await events(node.agent)).some((event) => event.text.includes(text));
    await eventually('its name', () => told(`has ${link} again, which was renamed to eth7`));
    for (const address of [v4, v6]) await eventually('an answer', () => pings(one.name, address));
    await node.silent('CHECK', { ...two, config: { prevResult: result } });
    await node.ip('link', 'del', link);
    await eventually('what is told', () => told(`is cut off, as somebody has deleted its interface ${link}`));
    t.ok(await node.add(two), 'ADD mends it');
    t.ok(await pings(one.name, v4));
  }),
);
