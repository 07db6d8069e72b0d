/** A collector of the file or the API: as the speaker takes it, and as the API shows it. */
import type { BmpCollectorConfig, BmpCollectorView } from '@tortie/bgp';
import { parseAddress } from '@tortie/ip';
import type { BmpCollector, BmpCollectorSpec } from '../api/bmp.js';
import type { SpeakerClock } from '../peers/peer-view.js';

/** How the node introduces itself. */
export interface BmpIdentity {
  readonly sysName: string;
  readonly sysDescr: string;
}

export const collectorConfig = (
  { address, localAddress, ...rest }: BmpCollectorSpec,
  identity: BmpIdentity,
): BmpCollectorConfig => ({
  ...rest,
  ...identity,
  address: parseAddress(address),
  ...(localAddress !== undefined && { localAddress: parseAddress(localAddress) }),
});

export interface CollectorInput {
  readonly spec: BmpCollectorSpec;
  readonly origin: 'file' | 'api';
  readonly source?: string;
  readonly revision?: number;
  readonly error?: string;
}

export function collectorView(
  { spec, origin, source, revision, error }: CollectorInput,
  view: BmpCollectorView | undefined,
  { originMs }: SpeakerClock,
): BmpCollector {
  return {
    name: spec.name,
    origin,
    ...(source !== undefined && { source }),
    ...(revision !== undefined && { revision }),
    spec,
    ...(view && {
      status: {
        state: view.state,
        since: new Date(originMs + view.sinceMs).toISOString(),
        messages: view.messages,
        octets: view.octets,
        pending: view.pending,
        connections: view.connections,
        dropped: view.dropped,
        ...(view.lastError !== undefined && { lastError: view.lastError }),
      },
    }),
    ...(error !== undefined && { error }),
  };
}
