/** Addresses that leaked, and their release: of what was told to be leaked, only what still is. */
import { type Address, formatAddress } from '@tortie/ip';
import type { IpamApi } from './ipam.js';
import { type Liveness, whyGone } from './liveness.js';
import type { Assignment } from './requests.js';

export interface Leak extends Assignment {
  readonly reason: string;
}

/** Names one assignment. */
export interface LeakRef {
  readonly address: Address;
  readonly handle: string;
  readonly sequence: number;
}

export interface LeakOutcome {
  readonly released: readonly Assignment[];
  readonly kept: readonly (LeakRef & { readonly reason: string })[];
}

/** All addresses of a handle or none; each must be the same assignment still, and its workload gone. */
export async function freeLeaks(
  { ipam, liveness }: { readonly ipam: IpamApi; readonly liveness: Liveness },
  leaks: readonly LeakRef[],
): Promise<LeakOutcome> {
  const byHandle = new Map<string, LeakRef[]>();
  for (const leak of leaks) byHandle.set(leak.handle, [...(byHandle.get(leak.handle) ?? []), leak]);
  const released: Assignment[] = [];
  const kept: LeakOutcome['kept'][number][] = [];
  for (const [handle, told] of byHandle) {
    const present = await ipam.assignments({ handle });
    const reason = (await whyNot(liveness, present, told)) ?? (await releaseAll(ipam, present, released));
    if (reason !== undefined) kept.push(...told.map((leak) => ({ ...leak, reason })));
  }
  return { released, kept };
}

async function whyNot(
  liveness: Liveness,
  present: readonly Assignment[],
  told: readonly LeakRef[],
): Promise<string | undefined> {
  if (present.length === 0) return 'it has no addresses any more';
  const isTold = ({ address, sequence }: Assignment): boolean =>
    told.some((leak) => leak.sequence === sequence && formatAddress(leak.address) === formatAddress(address));
  const other = present.find((assignment) => !isTold(assignment));
  if (other) return `it has ${formatAddress(other.address)} since`;
  return (await whyGone(liveness, present)) ? undefined : 'its workload is not known to be gone';
}

/** An address that was assigned anew at this very moment refuses by its sequence number. */
async function releaseAll(
  ipam: IpamApi,
  present: readonly Assignment[],
  released: Assignment[],
): Promise<string | undefined> {
  for (const { address, handle, sequence } of present) {
    try {
      released.push(...(await ipam.release({ address, handle, sequence })));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ERR_IPAM_MISMATCH') return error.message;
      throw error;
    }
  }
  return undefined;
}
