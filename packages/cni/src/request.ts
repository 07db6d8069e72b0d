/** A call of the runtime, read and checked: the environment and standard input -> what the agent is to do. */
import { readCniArgs } from './cni-args.js';
import { CniError } from './errors.js';
import { Fields, refuse, shown } from './fields.js';
import type { Invocation } from './frame.js';
import { NAME, type NetworkBasics, type NetworkSettings, readBasics, readSettings } from './network-config.js';
import { type PreviousResult, readPreviousResult } from './previous-result.js';
import { CNI_COMMANDS, type CniCommand, type CniVersion, hasCommand, isCommand } from './version.js';
import { readWishes, type Wishes } from './wishes.js';

/** One interface of one container in one network: what ADD makes and DEL takes away. */
export interface Attachment {
  readonly network: string;
  readonly containerId: string;
  readonly ifName: string;
}

/** The pod as Kubernetes names it. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

export interface AddRequest {
  readonly command: 'ADD';
  readonly version: CniVersion;
  readonly attachment: Attachment;
  /** Path of the container's network namespace. */
  readonly netns: string;
  readonly settings: NetworkSettings;
  readonly wishes: Wishes;
  readonly pod: PodName | undefined;
}

export interface CheckRequest {
  readonly command: 'CHECK';
  readonly version: CniVersion;
  readonly attachment: Attachment;
  readonly netns: string;
  readonly previous: PreviousResult;
}

export interface DelRequest {
  readonly command: 'DEL';
  readonly version: CniVersion;
  readonly attachment: Attachment;
}

export interface GcRequest {
  readonly command: 'GC';
  readonly version: CniVersion;
  readonly network: string;
  /** Whatever else there is of this network goes. */
  readonly valid: readonly Attachment[];
}

export interface StatusRequest {
  readonly command: 'STATUS';
  readonly version: CniVersion;
}

export type CniRequest = AddRequest | CheckRequest | DelRequest | GcRequest | StatusRequest;

/** `fields` is standard input, parsed. Throws CniError. */
export function readRequest(invocation: Invocation, fields: Fields): CniRequest {
  const basics = readBasics(fields);
  const { version } = basics;
  const { netns } = invocation;
  const command = commandOf(invocation, version);
  switch (command) {
    case 'ADD': {
      const args = readCniArgs(invocation.args);
      return {
        command,
        version,
        attachment: attachmentOf(invocation, basics),
        netns: netnsOf(netns),
        settings: readSettings(basics),
        wishes: readWishes(basics, args),
        pod: podOf(args.K8S_POD_NAMESPACE, args.K8S_POD_NAME),
      };
    }
    case 'CHECK':
      return {
        command,
        version,
        attachment: attachmentOf(invocation, basics),
        netns: netnsOf(netns),
        previous: readPreviousResult(fields),
      };
    // The namespace may be gone and the rest of the configuration anything: taking away must be possible all the same.
    case 'DEL':
      return { command, version, attachment: attachmentOf(invocation, basics) };
    case 'GC':
      return { command, version, network: basics.name, valid: readValid(basics) };
    case 'STATUS':
      return { command, version };
  }
}

const invalid = (variable: string, value: string, right: string): CniError =>
  new CniError('ERR_CNI_ENVIRONMENT', `${variable} is ${value === '' ? 'not set' : shown(value)}; ${right}`);

function commandOf({ command }: Invocation, version: CniVersion): CniCommand {
  if (!isCommand(command)) {
    throw invalid('CNI_COMMAND', command, `it is VERSION, ${CNI_COMMANDS.join(', ')}`);
  }
  if (!hasCommand(version, command)) {
    throw new CniError('ERR_CNI_VERSION', `cniVersion ${version} has no ${command}; a newer one does`);
  }
  return command;
}

function attachmentOf({ containerId, ifName }: Invocation, { name }: NetworkBasics): Attachment {
  if (!NAME.test(containerId))
    throw invalid('CNI_CONTAINERID', containerId, 'it is letters, digits, dots, dashes and underscores');
  // dev_valid_name of the kernel, which makes a number of %d, and takes octets beyond ASCII that nobody else writes alike.
  if (!/^[!-$&-.0-9;-~]{1,15}$/.test(ifName) || ['.', '..', 'all', 'default'].includes(ifName)) {
    throw invalid('CNI_IFNAME', ifName, 'it is the name of an interface, at most 15 characters, like eth0');
  }
  return { network: name, containerId, ifName };
}

function netnsOf(netns: string): string {
  if (!netns.startsWith('/'))
    throw invalid('CNI_NETNS', netns, "it is the absolute path of the container's network namespace");
  return netns;
}

const podOf = (namespace: string | undefined, name: string | undefined): PodName | undefined =>
  namespace && name ? { namespace, name } : undefined;

/** CNI 1.1.0, section "GC". Attachments of an unreadable list must not count as none. */
function readValid({ fields, name }: NetworkBasics): Attachment[] {
  const key = 'cni.dev/valid-attachments';
  const list = fields.get(key);
  if (!Array.isArray(list)) refuse(fields.at(key), list, 'it is the list of attachments that stay');
  return list.map((value, index) => {
    const members = new Fields(value, `${fields.at(key)}/${index}`);
    const [containerId, ifName] = [members.string('containerID'), members.string('ifname')];
    if (!containerId || !ifName) refuse(`${fields.at(key)}/${index}`, value, 'it names "containerID" and "ifname"');
    return { network: name, containerId, ifName };
  });
}
