/** What `tortie agent` keeps of root's rights; docs/NETWORK.md says what each is for. */
import type { CapabilityName } from '@tortie/linux/capabilities';

const KEPT: readonly CapabilityName[] = [
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_SYS_ADMIN',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_NICE',
];
export const KEEP_FLAG = '--keep-capabilities';

/** To be called before anything is done: where there is something to give up, the process begins anew. */
export async function giveUpRights(args: readonly string[]): Promise<void> {
  if (args.includes(KEEP_FLAG)) return;
  try {
    const { keepCapabilities } = await import('@tortie/linux/capabilities');
    keepCapabilities(KEPT);
  } catch (error) {
    process.stderr.write(`tortie agent: goes on with more rights than it needs: ${(error as Error).message}\n`);
  }
}
