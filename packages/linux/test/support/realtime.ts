/** Prints whether real-time priority was given, and the scheduling policy of this thread and of one that it starts. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tryRealtime } from '@tortie/linux/node';

/** Field 41 of proc(5) stat: 0 is ordinary, 2 is SCHED_RR. The name before it, in parentheses, may hold blanks. */
const policyIn = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]);

const given = tryRealtime();
const own = policyIn(readFileSync('/proc/thread-self/stat', 'utf8'));
const { stdout } = spawnSync('cat', ['/proc/self/stat'], { encoding: 'utf8' });
console.log(JSON.stringify({ given, own, started: policyIn(stdout) }));
