/**
 * What the executable and the agent say to each other over the agent's CNI socket: one question and one answer per
 * connection.
 *
 * ```
 * question   "TCN1"  octets that follow, 32 bits   6 fields: octets, 32 bits; text
 *            CNI_COMMAND CNI_CONTAINERID CNI_NETNS CNI_IFNAME CNI_ARGS, standard input
 * answer     "TCN1"  octets that follow, 32 bits   exit status, 1 octet; standard output
 * ```
 *
 * Numbers are in network order. A variable that is not set is an empty field. native/shim.c is the other end.
 */
import { CniError } from './errors.js';

/** A call as the runtime made it. */
export interface Invocation {
  readonly command: string;
  readonly containerId: string;
  readonly netns: string;
  readonly ifName: string;
  readonly args: string;
  /** Octets, not text yet: the network configuration. */
  readonly stdin: Uint8Array;
}

export interface Answer {
  readonly exitStatus: 0 | 1;
  readonly stdout: string;
}

const MAGIC = [0x54, 0x43, 0x4e, 0x31] as const;
export const HEADER_OCTETS = 8;
const LENGTH_OCTETS = 4;
const FIELDS = 6;
export const MAX_VARIABLE_OCTETS = 64 * 1024;
export const MAX_STDIN_OCTETS = 1024 * 1024;
export const MAX_QUESTION_OCTETS = FIELDS * LENGTH_OCTETS + (FIELDS - 1) * MAX_VARIABLE_OCTETS + MAX_STDIN_OCTETS;

const bad = (detail: string): CniError => new CniError('ERR_CNI_DECODE', `the question is no CNI call: ${detail}`);

/** Octets behind the header of a question. Throws `ERR_CNI_DECODE` for other octets and for lengths beyond the limit. */
export function bodyOctets(header: Uint8Array): number {
  if (MAGIC.some((octet, index) => header[index] !== octet)) throw bad('it does not begin with TCN1');
  const octets = new DataView(header.buffer, header.byteOffset).getUint32(4);
  if (octets > MAX_QUESTION_OCTETS) throw bad(`${octets} octets are more than ${MAX_QUESTION_OCTETS}`);
  return octets;
}

/** The body of a question; `decode` makes text of UTF-8. Throws `ERR_CNI_DECODE`. */
export function decodeQuestion(body: Uint8Array, decode: (octets: Uint8Array) => string): Invocation {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  const field = (limit: number): Uint8Array => {
    if (body.length - at < LENGTH_OCTETS) throw bad('a field is cut');
    const octets = view.getUint32(at);
    at += LENGTH_OCTETS;
    if (octets > limit) throw bad(`a field of ${octets} octets is longer than ${limit}`);
    if (octets > body.length - at) throw bad('a field is cut');
    at += octets;
    return body.subarray(at - octets, at);
  };
  const variable = (): string => decode(field(MAX_VARIABLE_OCTETS));
  const question = {
    command: variable(),
    containerId: variable(),
    netns: variable(),
    ifName: variable(),
    args: variable(),
    stdin: field(MAX_STDIN_OCTETS),
  };
  if (at !== body.length) throw bad(`${body.length - at} octets are left over`);
  return question;
}

/** `stdout` as UTF-8 octets. */
export function encodeAnswer(exitStatus: Answer['exitStatus'], stdout: Uint8Array): Uint8Array {
  const octets = new Uint8Array(HEADER_OCTETS + 1 + stdout.length);
  octets.set(MAGIC);
  new DataView(octets.buffer).setUint32(4, 1 + stdout.length);
  octets[HEADER_OCTETS] = exitStatus;
  octets.set(stdout, HEADER_OCTETS + 1);
  return octets;
}
