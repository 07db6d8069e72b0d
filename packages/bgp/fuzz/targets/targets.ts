/** All targets. */
import type { Target } from '../target.js';
import { bmp } from './bmp.js';
import { decoder } from './decoder.js';
import { fsm } from './fsm.js';
import { mrt } from './mrt.js';
import { session } from './session.js';

export const TARGETS: readonly Target[] = [decoder, session, mrt, bmp, fsm];
