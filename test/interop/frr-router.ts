/** A real FRR (zebra and bgpd) on a host, with a configuration of its own. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Host, until } from '@tortie/lab';

const BGPD = '/usr/lib/frr/bgpd';
const ZEBRA = '/usr/lib/frr/zebra';

/** Why there is no FRR here; false where there is. */
export const frrMissing = (): string | false =>
  existsSync(ZEBRA) && existsSync(BGPD) ? false : 'FRR is not installed (Debian: frr)';

export interface FrrRouter {
  /** What vtysh prints for these commands of bgpd. */
  vtysh(...commands: string[]): Promise<string>;
  zebra(...commands: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** `lines`: what stands in bgpd's configuration. */
export async function startFrr(host: Host, lines: readonly string[]): Promise<FrrRouter> {
  // Both daemons give up root, and what they share is theirs: not below the lab's own folder.
  const folder = mkdtempSync(join(tmpdir(), 'tortie-frr-'));
  const file = join(folder, 'frr.conf');
  writeFileSync(file, `frr defaults traditional\nlog stdout informational\n${lines.join('\n')}\n`);
  await host.exec('chown', ['-R', 'frr:frr', folder]);
  const common = ['-z', join(folder, 'zserv'), '-P', '0', '--vty_socket', folder];
  const zebra = host.spawn(ZEBRA, [...common, '-i', join(folder, 'zebra.pid')], { name: 'zebra' });
  await until(() => existsSync(join(folder, 'zserv')), { what: 'zebra', deadlineMs: 60_000 });
  const bgpd = host.spawn(BGPD, [...common, '-f', file, '-i', join(folder, 'bgpd.pid')], { name: 'bgpd' });
  bgpd.child.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const ask = async (daemon: string, commands: readonly string[]): Promise<string> => {
    const words = commands.flatMap((command) => ['-c', command]);
    return (await host.exec('vtysh', ['--vty_socket', folder, '-d', daemon, ...words])).stdout;
  };
  const router: FrrRouter = {
    vtysh: (...commands) => ask('bgpd', commands),
    zebra: (...commands) => ask('zebra', commands),
    async stop() {
      await bgpd.stop();
      await zebra.stop();
    },
  };
  await until(() => router.vtysh('show bgp summary').then(() => true), {
    what: 'an answer of FRR',
    deadlineMs: 60_000,
  });
  return router;
}
