/** MRT files on disks and in sessions. */
export { MrtFileError, mrtOctets } from './mrt-input.js';
export { MrtOutput } from './mrt-output.js';
export { MrtReplayError, type MrtReplayOptions, type MrtReplayProgress, replayMrt } from './replay.js';
