/** Calls as a runtime makes them, short to write. */
import { type CniRequest, type Invocation, parseNetworkConfig, readRequest } from '../src/index.js';

export const invocation = (over: Partial<Omit<Invocation, 'stdin'>> = {}, config: unknown = {}): Invocation => ({
  command: 'ADD',
  containerId: 'c0ffee',
  netns: '/run/netns/pod',
  ifName: 'eth0',
  args: '',
  ...over,
  stdin: Buffer.from(JSON.stringify({ cniVersion: '1.0.0', name: 'pods', type: 'tortie', ...(config as object) })),
});

export const read = (call: Invocation): CniRequest =>
  readRequest(call, parseNetworkConfig(Buffer.from(call.stdin).toString()));

/** The frame of native/shim.c. */
export function encodeQuestion({ command, containerId, netns, ifName, args, stdin }: Invocation): Buffer {
  const fields = [command, containerId, netns, ifName, args, stdin].map((field) => Buffer.from(field as string));
  const number = (value: number): Buffer => {
    const octets = Buffer.alloc(4);
    octets.writeUInt32BE(value);
    return octets;
  };
  const body = Buffer.concat(fields.flatMap((field) => [number(field.length), field]));
  return Buffer.concat([Buffer.from('TCN1'), number(body.length), body]);
}
