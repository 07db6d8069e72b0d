/** Versions of the CNI specification, oldest first, and what came with which. */

/** Those we speak. */
export const CNI_VERSIONS = ['0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
export type CniVersion = (typeof CNI_VERSIONS)[number];

/** What an answer is written in where the question names no version of ours. */
export const NEWEST_VERSION: CniVersion = '1.1.0';

/** VERSION is missing: the executable answers it by itself. */
export const CNI_COMMANDS = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS'] as const;
export type CniCommand = (typeof CNI_COMMANDS)[number];

export const isCommand = (text: unknown): text is CniCommand => CNI_COMMANDS.includes(text as CniCommand);

const SINCE: Readonly<Record<CniCommand, CniVersion>> = {
  ADD: '0.3.1',
  DEL: '0.3.1',
  CHECK: '0.4.0',
  GC: '1.1.0',
  STATUS: '1.1.0',
};

export const isVersion = (text: unknown): text is CniVersion => CNI_VERSIONS.includes(text as CniVersion);

/** Whether a version is `since` or newer. */
export const isAtLeast = (version: CniVersion, since: CniVersion): boolean =>
  CNI_VERSIONS.indexOf(version) >= CNI_VERSIONS.indexOf(since);

export const hasCommand = (version: CniVersion, command: CniCommand): boolean => isAtLeast(version, SINCE[command]);
