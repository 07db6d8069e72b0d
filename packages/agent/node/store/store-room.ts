/** How much room the disk under an embedded store has: where it has none pods are refused, one by one, and nothing else says so. */
import { statfsSync } from 'node:fs';

/** A few pages of the store, and what the file system needs for them. */
const NONE_OCTETS = 64 * 1024;
const LITTLE_OCTETS = 16 * 1024 * 1024;

export interface StoreRoom {
  readonly freeOctets: number;
  readonly isFull: boolean;
  /** As a sentence; undefined where there is enough. */
  readonly warning: string | undefined;
}

/** A question to the kernel that reads no disk. Undefined: there is no such folder, or no answer. */
export function storeRoom(path: string): StoreRoom | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return roomOf(path, bavail * bsize);
  } catch {
    return undefined;
  }
}

/** What the store still has of pages that it has freed lasts for a while, and nobody can say for how long. */
export function roomOf(path: string, freeOctets: number): StoreRoom {
  const isFull = freeOctets < NONE_OCTETS;
  const disk = `The disk under ${path}, where the store is,`;
  if (isFull) {
    const warning = `${disk} is full: pods and changes are refused as soon as the store needs more of it.`;
    return { freeOctets, isFull, warning };
  }
  const warning = freeOctets < LITTLE_OCTETS ? `${disk} has ${Math.floor(freeOctets / 1024)} KiB left.` : undefined;
  return { freeOctets, isFull, warning };
}
