/** Started by the guardian when a lab's process has ended without taking the lab down, by kill -9 for one. */
import { readState } from './state.js';
import { sweepLab } from './take-down.js';

const state = readState(process.argv[2] ?? '');
if (state) await sweepLab(state);
