/** Prints what a process without the addon, or without rights, gets from this package. */
import { parseAddress } from '@tortie/ip';
import { linuxTransport, openFibWriter, openRtnetlink, probeKernel } from '@tortie/linux/node';

const attempt = async (task: () => Promise<unknown>): Promise<string> => {
  try {
    await task();
    return 'ok';
  } catch (error) {
    const { code, errnoName, message } = error as { code?: string; errnoName?: string; message: string };
    return `${code} ${errnoName ?? ''} ${message}`;
  }
};

const listen = async (): Promise<void> => {
  const listener = await linuxTransport().listen({ address: parseAddress('127.0.0.1'), port: 0 });
  await listener.close();
};
const links = async (): Promise<void> => {
  const rtnetlink = await openRtnetlink();
  const found = await rtnetlink.links();
  rtnetlink.close();
  if (!found.some(({ name }) => name === 'lo')) throw new Error('no loopback');
};
const write = async (): Promise<void> => {
  const writer = await openFibWriter();
  const prefix = { ...parseAddress('192.0.2.0'), length: 24 };
  // A deletion of what is not there: nothing is changed where the rights are there after all.
  const [result] = await writer.apply([{ prefix, kind: 'delete', nextHops: [] }]);
  await writer.close();
  if (!result?.ok) throw new Error(`${result?.code} ${result?.message}`);
};
console.log(
  JSON.stringify({
    probe: await probeKernel(),
    links: await attempt(links),
    write: await attempt(write),
    listen: await attempt(listen),
  }),
);
