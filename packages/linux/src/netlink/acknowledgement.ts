/** NLMSG_ERROR: the kernel's answer to one request, with its own words where it has any (NETLINK_EXT_ACK). */
import { errnoName, errnoWords } from '../errno.js';
import { LinuxError } from '../errors.js';
import { readAttributes, row, schema, text, u32 } from './attribute.js';
import { align4, LITTLE_ENDIAN } from './byte-order.js';
import { MESSAGE_HEADER_OCTETS, type NetlinkMessage, NLM_F, requireBody } from './message.js';

export interface Acknowledgement {
  /** 0, or a positive errno. */
  readonly errno: number;
  /** nlmsg_seq of the request. */
  readonly seq: number;
  /** nlmsg_type of the request. */
  readonly requestType: number;
  /** The kernel's words; a warning where errno is 0. */
  readonly text?: string;
  /** Octet of the request that the kernel objects to. */
  readonly offset?: number;
}

/** NLMSGERR_ATTR_*. */
const extended = schema({ text: row(1, text), offset: row(2, u32) });

const ERROR_OCTETS = 4 + MESSAGE_HEADER_OCTETS;

export function readAcknowledgement(message: NetlinkMessage): Acknowledgement {
  requireBody(message, ERROR_OCTETS);
  const { view, start, end } = message;
  // An integer subtraction from 0 keeps errno 0 from being -0.
  const errno = 0 - view.getInt32(start, LITTLE_ENDIAN);
  const requestLength = view.getUint32(start + 4, LITTLE_ENDIAN);
  const answer = {
    errno,
    seq: view.getUint32(start + 12, LITTLE_ENDIAN),
    requestType: view.getUint16(start + 8, LITTLE_ENDIAN),
  };
  if (!(message.flags & NLM_F.ACK_TLVS)) return answer;
  // With NETLINK_CAP_ACK the payload of the request is left out, and only its header lies before the attributes.
  const skip = message.flags & NLM_F.CAPPED ? ERROR_OCTETS : 4 + align4(Math.max(requestLength, MESSAGE_HEADER_OCTETS));
  const { text: words, offset } = readAttributes(extended, message, Math.min(start + skip, end), end);
  return { ...answer, ...(words === undefined ? {} : { text: words }), ...(offset === undefined ? {} : { offset }) };
}

/** What went wrong, in the kernel's words where it gave any: `EEXIST: File exists`. */
export const refusalText = (answer: Acknowledgement): string => answer.text ?? errnoWords(answer.errno);

/** The error of a refused request; `what` names the request as in "add route 10.0.0.0/8". */
export function refusal(what: string, answer: Acknowledgement): LinuxError {
  const name = errnoName(answer.errno);
  return new LinuxError('ERR_LINUX_NETLINK', `${what}: ${name}: ${refusalText(answer)}`, {
    errno: answer.errno,
    errnoName: name,
  });
}
