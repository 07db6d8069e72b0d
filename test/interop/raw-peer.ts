/** A peer that says exactly the octets a test gives it, for what no daemon can be made to say. */
import { readFileSync, writeFileSync } from 'node:fs';
import {
  decodeMessage,
  encodeMessage,
  type FamilyName,
  familyByName,
  type Message,
  type PathAttributes,
  wireContext,
} from '@tortie/bgp';
import { parseAddress, parsePrefix } from '@tortie/ip';
import type { Host, LabProcess } from '@tortie/lab';

export interface RawPeer {
  readonly process: LabProcess;
  /** What it has received so far. */
  received(): readonly Message[];
}

export interface RawPeerOptions {
  readonly asn: number;
  readonly routerId: string;
  /** Whom it dials. */
  readonly remote: string;
  readonly messages: readonly Uint8Array[];
  /** Default: IPv4 alone. */
  readonly families?: readonly FamilyName[];
}

const context = wireContext();

/** Opens a session from a host: unicast, 4-octet AS numbers, hold time 90 s. */
export function startRawPeer(host: Host, options: RawPeerOptions): RawPeer {
  const { asn, routerId, remote, messages, families = ['ipv4-unicast'] } = options;
  const open = encodeMessage(
    {
      type: 'open',
      version: 4,
      asn,
      holdTimeS: 90,
      routerId: parseAddress(routerId).a,
      capabilities: [
        ...families.map((name) => {
          const { afi, safi } = familyByName(name);
          return { type: 'multiprotocol', afi, safi } as const;
        }),
        { type: 'four-octet-as', asn },
      ],
    },
    context,
  );
  const script = new URL('./raw-peer-process.js', import.meta.url).pathname;
  const file = host.path('raw-peer.messages');
  writeFileSync(file, [open, ...messages].map((bytes) => Buffer.from(bytes).toString('hex')).join('\n'));
  const started = host.spawn(process.execPath, [script, remote, file], { name: 'raw-peer' });
  return {
    process: started,
    received: () =>
      readFileSync(started.logFile, 'utf8')
        .split('\n')
        .filter((line) => /^(ff){16}/.test(line))
        .map((line) => decodeMessage(Buffer.from(line, 'hex'), context)),
  };
}

/** An UPDATE that announces IPv4 prefixes. */
export const announcement = (prefixes: readonly string[], attributes: Partial<PathAttributes>): Uint8Array =>
  encodeMessage(
    {
      type: 'update',
      withdrawn: [],
      attributes,
      nlri: prefixes.map((text) => ({ prefix: parsePrefix(text) })),
      faults: [],
    },
    // iBGP peers may send all that eBGP peers may.
    wireContext({ peerType: 'ibgp' }),
  );
