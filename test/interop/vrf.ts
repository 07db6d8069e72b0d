/** VRFs on the hosts of a lab, where the kernel has them. */
import { type Host, withHosts } from '@tortie/lab';

const TABLE = 77;

/** False, or why there are none. */
export async function vrfsMissing(): Promise<string | false> {
  let missing: string | false = false;
  await withHosts(['one'], async (lab) => {
    const words = ['link', 'add', 'probe', 'type', 'vrf', 'table', String(TABLE)];
    const { code, stderr } = await lab.host('one').exec('ip', words, { allowFailure: true });
    if (code !== 0) missing = `this kernel has no VRFs: ${stderr.trim()}`;
  });
  return missing;
}

/** Makes a VRF with table 77, and its interface of a host's first one. */
export async function enslave(host: Host, vrf: string): Promise<void> {
  // A device that is enslaved loses its IPv6 addresses.
  await host.exec('sh', [
    '-ec',
    `ip link add ${vrf} type vrf table ${TABLE}; ip link set ${vrf} up; ip link set eth0 master ${vrf}
     ip addr replace ${host.address('ipv6')}/64 dev eth0 nodad`,
  ]);
}
