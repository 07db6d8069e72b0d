import { addon } from './addon.js';

/**
 * Gives the calling thread (of a worker, say) real-time priority, SCHED_RR at the lowest level: it runs as soon as it has
 * something to do, before everything that is not real-time, whatever else the machine does. For threads that work for
 * microseconds and then wait; the kernel keeps 5 % of each processor for the others. What the thread starts has ordinary
 * priority. Gives whether that is so: it takes CAP_SYS_NICE, or RLIMIT_RTPRIO above 0. sched(7).
 */
export const tryRealtime = (): boolean => addon().setRealtime(1) === 0;
