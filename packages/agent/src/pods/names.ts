/** Names that follow from an attachment alone: whoever knows it finds what belongs to it. */
import { createHash } from 'node:crypto';
import type { Attachment } from '@tortie/cni';

/** Handles have at most 150 characters; a container's id may be of any length. */
const MAX_HANDLE = 150;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The handle of its addresses, and the last part of its record's key. */
export function handleOf({ network, containerId, ifName }: Attachment): string {
  const handle = `${network}.${containerId}.${ifName}`;
  return handle.length <= MAX_HANDLE && /^[A-Za-z0-9_.-]+$/.test(handle) ? handle : `cni.${digest(handle)}`;
}

/**
 * The host's end of the veth: `tor` and 11 hexadecimal digits. Of the attachment and not of the pod's name: a pod that is
 * made anew under its old name may be plugged in before its predecessor is taken away.
 */
export const hostInterfaceOf = (handle: string): string => `${HOST_INTERFACE_PREFIX}${digest(handle).slice(0, 11)}`;

export const HOST_INTERFACE_PREFIX = 'tor';

export const isHostInterface = (name: string): boolean => /^tor[0-9a-f]{11}$/.test(name);

/** The MAC of a pod's end, where none is asked for: the same again for the same attachment, locally administered. */
export const macOf = (handle: string): string => `02:${digest(`mac ${handle}`).match(/../g)!.slice(0, 5).join(':')}`;
