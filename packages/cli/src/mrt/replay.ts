/** `tortie mrt replay`: MRT files played into a BGP session. */
import { MrtSummary, walkMrt } from '@tortie/bgp/mrt';
import { type MrtReplayProgress, mrtOctets, replayMrt } from '@tortie/bgp/mrt/node';
import { type Address, counted, tryParseAddress } from '@tortie/ip';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';
import { DamageReport } from './damage.js';
import { asnOf, timeOf } from './filter-options.js';

interface ReplayOptions {
  readonly to: string;
  readonly localAsn: string;
  readonly remoteAsn: string;
  readonly peer?: string;
  readonly routerId?: string;
  readonly localAddress?: string;
  readonly nextHop?: readonly string[];
  readonly rate?: string;
  readonly speed?: string;
  readonly holdTime?: string;
  readonly from?: string;
  /** Not --to, which says where to. */
  readonly until?: string;
  readonly stay?: string;
}

export async function runMrtReplay(context: Context, files: readonly string[], options: ReplayOptions): Promise<void> {
  const { address, port } = endpointOf(options.to);
  const localAddress =
    options.localAddress === undefined ? undefined : addressOf('--local-address', options.localAddress);
  const rate = positive('--rate', options.rate);
  const speed = positive('--speed', options.speed);
  const holdTimeS = positive('--hold-time', options.holdTime);
  const staySeconds = options.stay === undefined ? undefined : Number(options.stay);
  if (staySeconds !== undefined && !(staySeconds >= 0))
    throw new UsageError(`--stay: "${options.stay}" is no time in seconds`);
  if (rate !== undefined && speed !== undefined) throw new UsageError('one of --rate, --speed');
  if (files.includes('-') && options.peer === undefined) throw new UsageError('standard input needs --peer');
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const damage = new DamageReport(context);
  try {
    const replay = await replayMrt({
      files,
      peer: options.peer === undefined ? await onlyPeer(files) : peerOf(options.peer),
      to: address,
      port,
      localAsn: asnOf('--local-asn', options.localAsn),
      remoteAsn: asnOf('--remote-asn', options.remoteAsn),
      routerId: (options.routerId === undefined ? ROUTER_ID : addressOf('--router-id', options.routerId)).a,
      nextHop: nextHopOf(options.nextHop),
      ...(localAddress && { localAddress }),
      ...(rate !== undefined && { rate }),
      ...(speed !== undefined && { speed }),
      ...(holdTimeS !== undefined && { holdTimeS }),
      times: {
        fromS: options.from === undefined ? undefined : timeOf('--from', options.from),
        toS: options.until === undefined ? undefined : timeOf('--until', options.until),
      },
      damaged: (file, error) => damage.of(file)(error),
      progress: (event) => tell(context, event, staySeconds),
      signal: stop.signal,
    });
    await stay(staySeconds, stop.signal);
    await replay.close();
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
  damage.finish();
}

/** 192.0.2.1 says to whoever looks that this is no router. */
const ROUTER_ID = { a: 0xc0000201 };

function tell(context: Context, event: MrtReplayProgress, staySeconds: number | undefined): void {
  if (context.json) {
    context.line(JSON.stringify(event));
    return;
  }
  if (event.type === 'waiting') context.io.stderr.write(`waiting for the session: ${event.reason}\n`);
  if (event.type === 'established') context.line(`established: ${event.families.join(', ')}`);
  if (event.type === 'sent') {
    const { announced, withdrawn, messages, skipped } = event.counts;
    const left = skipped > 0 ? `, ${skipped} left out that the session cannot take` : '';
    const rest = staySeconds === undefined ? '; the session stays until you interrupt this (Ctrl-C)' : '';
    context.line(
      `sent: ${announced} announced, ${withdrawn} withdrawn in ${counted(messages, 'message')}, ${event.seconds.toFixed(1)} s${left}${rest}`,
    );
  }
}

/** For so many seconds, without them until the signal. */
function stay(seconds: number | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || seconds === 0) {
      resolve();
      return;
    }
    const timer = setTimeout(resolve, seconds === undefined ? 2 ** 31 - 1 : seconds * 1000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Reads the files once to find their only peer with routes. Throws UsageError with all of them where there are several. */
async function onlyPeer(files: readonly string[]): Promise<Address> {
  const summary = new MrtSummary();
  for (const file of files) await walkMrt(mrtOctets(file), (frame) => summary.add(frame), { damaged: () => {} });
  const peers = summary.view().peers.filter(({ rib, announce, withdraw }) => rib + announce + withdraw > 0);
  const addresses = new Set(peers.map(({ address }) => address));
  if (addresses.size === 1) return tryParseAddress(peers[0]!.address)!;
  if (addresses.size === 0) throw new UsageError('there are no routes in these files');
  const shown = peers.slice(0, 8).map(({ address, asn }) => `${address} (AS${asn})`);
  const more = peers.length > 8 ? ` and ${peers.length - 8} more; tortie mrt info has them all` : '';
  throw new UsageError(`routes of several peers; choose one with --peer: ${shown.join(', ')}${more}`);
}

const peerOf = (text: string): Address | number => tryParseAddress(text) ?? asnOf('--peer', text);

function addressOf(option: string, text: string): Address {
  const address = tryParseAddress(text);
  if (address) return address;
  throw new UsageError(`${option}: "${text}" is no IP address`);
}

function endpointOf(text: string): { address: Address; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = tryParseAddress(bracketed ?? plain ?? text);
  if (!address || Number(port ?? 1) < 1 || Number(port ?? 1) > 65535) {
    throw new UsageError(`--to: "${text}" is no address; write 192.0.2.1, 192.0.2.1:1179 or [2001:db8::1]:1179`);
  }
  return { address, port: Number(port ?? 179) };
}

function nextHopOf(texts: readonly string[] = ['self']): 'self' | 'keep' | readonly Address[] {
  const [word] = texts;
  if (texts.length === 1 && (word === 'self' || word === 'keep')) return word;
  return texts.map((text) => {
    const address = tryParseAddress(text);
    if (address) return address;
    throw new UsageError(`--next-hop: "${text}" is neither self nor keep nor an address`);
  });
}

function positive(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new UsageError(`${option}: "${text}" is not a number above 0`);
}
