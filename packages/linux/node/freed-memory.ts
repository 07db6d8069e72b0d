import { addon } from './addon.js';

/**
 * Has the C library give back to the kernel what was freed. glibc does so by itself only for large pieces and for the end of its
 * heap: a small piece that is in use behind a hundred freed ones keeps them all. malloc_trim(3). Gives whether it can: other
 * libraries have rules of their own.
 */
export const returnFreedMemory = (): boolean => addon().returnFreed() === 0;
