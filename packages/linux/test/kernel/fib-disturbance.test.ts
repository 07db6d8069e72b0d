/** Which links make a writer read all of its routes again. */
import { FibDisturbanceWatch } from '../../node/fib-disturbance.js';
import { kernelTest, until } from '../support/kernel.js';

kernelTest(
  'links that no route leads over, as those of pods, come and go without a reading of all routes',
  async (t, lab) => {
    const [host, far] = [await lab.host(), await lab.host()];
    const [ifindex] = await lab.wire(host, far, ['10.0.0.1/24', '2001:db8::1/64'], []);
    const watch = (leadsOver: (ifindex: number) => boolean): { readings: number } => {
      const seen = { readings: 0 };
      const identity = { protocol: 201, metric: 1024, table: 254 };
      const one = new FibDisturbanceWatch(host.netns, identity, 0, {
        taken: () => {},
        covered: () => {},
        leadsOver,
        stale: () => {
          seen.readings++;
        },
      });
      lab.closing(() => one.close());
      return seen;
    };
    const elsewhere = watch((asked) => asked !== ifindex);
    // Begun later, it hears of everything later.
    const here = watch((asked) => asked === ifindex);
    await host.rtnetlink.changeLink('w0', { up: false });
    await until(() => here.readings === 1);
    await host.rtnetlink.changeLink('w0', { up: true });
    await host.rtnetlink.deleteLink('w0');
    await until(() => here.readings === 2);
    t.equal(elsewhere.readings, 0);
  },
);
