/** Taking a link away without a wait until the kernel has freed it. */
import {
  LinuxError,
  MessageWriter,
  messagesOf,
  NLM_F,
  NLMSG,
  RTM_LINK,
  readAcknowledgement,
  readLink,
  refusal,
  writeLink,
} from '@tortie/linux';
import { addon, checked, syscallError } from './addon.js';
import { EAGAIN } from './descriptor.js';
import { NetlinkSocket } from './netlink-socket.js';
import type { NetnsRef } from './netns-path.js';
import { watchReadable } from './readiness.js';

export interface LinkRemovalOptions {
  readonly netns?: NetnsRef;
}

/** The kernel's network lock may be held for long, by others who take many links away. */
const ANSWER_TIMEOUT_MS = 30_000;
/** A message about a link takes two kilobytes. */
const into = new Uint8Array(32 * 1024);

/**
 * Deletes a link; resolves when it is gone, with its addresses and routes, and with the far end of a veth. The kernel says so to who
 * asked (NLM_F_ECHO, Linux 6.2), and goes on waiting until no processor can hold the link any more, 20 to 50 ms, before it
 * acknowledges: nobody waits for that here, and no other request waits behind it. Older kernels acknowledge only. Throws LinuxError
 * `ERR_LINUX_NETLINK`, of which `ENODEV` means that there is no such link.
 */
export async function removeLink(name: string, { netns }: LinkRemovalOptions = {}): Promise<void> {
  const what = `delete link ${name}`;
  const socket = await NetlinkSocket.open({ netns });
  try {
    const seq = socket.nextSeq();
    const request = new MessageWriter();
    writeLink(request, RTM_LINK.DELETE, NLM_F.REQUEST | NLM_F.ACK | NLM_F.ECHO, seq, { name });
    checked(what, addon().sendApart(socket.fd, request.written));
    await gone(socket.fd, what, seq, name);
  } finally {
    void socket.close();
  }
}

function gone(fd: number, what: string, seq: number, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: LinuxError): void => {
      clearTimeout(timer);
      watch.stop();
      if (error) reject(error);
      else resolve();
    };
    const timer = setTimeout(
      () => end(new LinuxError('ERR_LINUX_SYSCALL', `${what}: no answer in time`)),
      ANSWER_TIMEOUT_MS,
    );
    const watch = watchReadable(fd, () => {
      for (;;) {
        const got = addon().receive(fd, into);
        if (got === -EAGAIN) return watch.again();
        if (got < 0) return end(syscallError(what, -got));
        for (const message of messagesOf(into.subarray(0, got))) {
          if (message.seq !== seq) continue;
          if (message.type === NLMSG.ERROR) {
            const answer = readAcknowledgement(message);
            return end(answer.errno ? refusal(what, answer) : undefined);
          }
          // The far end of a veth may be told with it.
          if (message.type === RTM_LINK.DELETE && readLink(message)?.name === name) return end();
        }
      }
    });
  });
}
