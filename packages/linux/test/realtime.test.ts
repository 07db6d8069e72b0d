import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { probeKernel } from '@tortie/linux/node';
import t from 'tap';

const { addon } = await probeKernel();
const skip = addon.available ? false : addon.reason;
const script = fileURLToPath(new URL('./support/realtime.js', import.meta.url));

/** `prefix` words go before node. */
const report = (...prefix: string[]): unknown => {
  const [command, ...args] = [...prefix, process.execPath, script];
  return JSON.parse(execFileSync(command!, args, { encoding: 'utf8' }));
};
const isRoot = process.getuid?.() === 0;

t.test('real-time priority is for the calling thread alone, and what is said of it is so', { skip }, async (t) => {
  const { given, own, started } = report() as { given: boolean; own: number; started: number };
  t.equal(own, given ? 2 : 0);
  t.equal(started, 0, 'nobody inherits it');
});

t.test(
  'without CAP_SYS_NICE it is refused, without harm',
  { skip: skip || (isRoot ? false : 'takes root, to give the capability up') },
  async (t) => {
    const limits = ['prlimit', '--rtprio=0:0'];
    t.same(report(...limits, 'setpriv', '--bounding-set=-all', '--inh-caps=-all'), {
      given: false,
      own: 0,
      started: 0,
    });
  },
);
