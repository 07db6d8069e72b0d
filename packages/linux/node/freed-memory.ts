import { addon } from './addon.js';

/** Longer pieces are mapped apart from the heap, and unmapped when they are freed. */
const MMAP_THRESHOLD = 256 * 1024;
/** What may lie free at the end of the heap. */
const TRIM_THRESHOLD = 1024 * 1024;

/**
 * Has the C library give freed memory back to the kernel, for as long as the process runs. glibc does so at first, but a single
 * large buffer that is freed makes it keep, for good, up to twice as much as that buffer had: mallopt(3), M_MMAP_THRESHOLD. Gives
 * whether it is so: other libraries have rules of their own.
 */
export const returnFreedMemory = (): boolean => addon().returnFreed(MMAP_THRESHOLD, TRIM_THRESHOLD) === 0;
