import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type KernelCapabilities, probeKernel } from '@tortie/linux/node';
import t from 'tap';

interface Report {
  readonly probe: KernelCapabilities;
  readonly links: string;
  readonly write: string;
  readonly listen: string;
}

/** `prefix` words go before node. */
async function report(env: NodeJS.ProcessEnv, ...prefix: string[]): Promise<Report> {
  const script = fileURLToPath(new URL('support/without-rights.js', import.meta.url));
  const [command, ...args] = [...prefix, process.execPath, script];
  const { stdout } = await promisify(execFile)(command!, args, { env: { ...process.env, ...env } });
  return JSON.parse(stdout) as Report;
}

t.test('without the addon everything that needs it says how to get it, and nothing crashes', async (t) => {
  const { probe, links, write, listen } = await report({ TORTIE_LINUX_ADDON: '/nonexistent/addon.node' });
  for (const { available } of [probe.addon, probe.netAdmin, probe.tcpMd5, probe.netns]) t.equal(available, false);
  t.match(probe.addon, { reason: /node build\.mjs/ });
  for (const answer of [links, write, listen]) t.match(answer, /^ERR_LINUX_ADDON .*install one .*build-essential/);
});

const { addon } = await probeKernel();
const skip = addon.available ? false : addon.reason;
// Still the user who may read this checkout, but without a single capability; others than root have none.
const powerless = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [];
t.test('without CAP_NET_ADMIN the kernel is read and listened to, and what is refused is said', { skip }, async (t) => {
  const { probe, links, write, listen } = await report({}, ...powerless);
  t.match(probe.netAdmin, { available: false, reason: /CAP_NET_ADMIN/ });
  t.match(probe.netns, { available: false, reason: /CAP_SYS_ADMIN/ });
  t.equal(probe.addon.available, true);
  t.equal(links, 'ok');
  t.equal(listen, 'ok');
  t.match(write, /EPERM operation not permitted/i);
});
