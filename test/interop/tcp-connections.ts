/** The kernel's own view of BGP connections. */
import type { Host } from '@tortie/lab';

export interface TcpConnection {
  readonly localPort: number;
  readonly remotePort: number;
}

/** TCP connections of a host in one state with port 179 at either end. */
export async function bgpConnections(
  host: Host,
  state: 'established' | 'syn-sent' = 'established',
): Promise<readonly TcpConnection[]> {
  const { stdout } = await host.exec('ss', ['-tnH', 'state', state, '( sport = 179 or dport = 179 )']);
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, , local, remote] = line.trim().split(/\s+/);
      return { localPort: portOf(local!), remotePort: portOf(remote!) };
    });
}

const portOf = (endpoint: string): number => Number(endpoint.slice(endpoint.lastIndexOf(':') + 1));
