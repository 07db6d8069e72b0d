/** `tortie ranges`: prefixes from inside which peers may dial. */

import type { PeerRange, PeerRangeChange, PeerRangeList } from '@tortie/agent/api';
import { counted } from '@tortie/ip';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';
import { fields } from '../output/table.js';
import { fieldOfFlag, peerFields, RANGE_FLAGS } from './peer-options.js';
import { asnOf, IMPACTS, ifMatch } from './peers.js';

type Options = Readonly<Record<string, unknown>>;

const path = (name: string): string => `/v1/peer-ranges/${encodeURIComponent(name)}`;

export async function listRanges(context: Context): Promise<void> {
  const list = await context.client().get<PeerRangeList>('/v1/peer-ranges');
  context.answer(list, ({ peerRanges }) =>
    peerRanges.length === 0
      ? ['no ranges; add one: tortie ranges add NAME PREFIX ASN']
      : context.table(
          [
            { title: 'RANGE', value: ({ name }) => name },
            { title: 'PREFIX', value: ({ spec }) => spec.prefix },
            { title: 'ASN', value: ({ spec }) => spec.remoteAsn, right: true },
            { title: 'PEERS', value: ({ peers }) => peers.length, right: true },
            { title: 'LIMIT', value: ({ spec }) => spec.limit ?? 256, right: true },
            { title: 'SOURCE', value: ({ source, origin }) => source ?? origin },
            { title: 'ERROR', value: ({ error }) => error },
          ],
          peerRanges,
        ),
  );
}

export async function showRange(context: Context, name: string): Promise<void> {
  context.answer(await context.client().get<PeerRange>(path(name)), (range) => {
    const { spec, source, origin, error, peers, passwordSet } = range;
    const { name: _, prefix, remoteAsn, ...rest } = spec;
    return fields([
      ['range', name],
      ['prefix', prefix],
      ['AS', remoteAsn],
      ['TCP-MD5 key', passwordSet ? 'set' : undefined],
      ['from', source ?? origin],
      ['error', error],
      ...Object.entries(rest).map(
        ([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : String(value)] as const,
      ),
      ['peers', peers.length === 0 ? 'none' : peers.join(' ')],
    ]);
  });
}

export async function addRange(
  context: Context,
  [name, prefix, asn]: readonly [string, string, string],
  options: Options,
): Promise<void> {
  const body = { name, prefix, remoteAsn: asnOf(asn), ...peerFields(options, RANGE_FLAGS) };
  const { body: created } = await context.client().call<PeerRange>('POST', '/v1/peer-ranges', { body });
  context.answer(created, () => [`added ${name}; who dials from ${prefix} is called ${name}/ADDRESS`]);
}

export async function setRange(context: Context, name: string, options: Options): Promise<void> {
  const body = peerFields(options, RANGE_FLAGS);
  if (typeof options.prefix === 'string') body.prefix = options.prefix;
  if (typeof options.asn === 'string') body.remoteAsn = asnOf(options.asn, '--asn: ');
  for (const flag of (options.unset as readonly string[] | undefined) ?? [])
    body[fieldOfFlag(flag, RANGE_FLAGS)] = null;
  if (Object.keys(body).length === 0) throw new UsageError('nothing to set; see "tortie ranges set --help"');
  const { body: change } = await context
    .client()
    .call<PeerRangeChange>('PATCH', path(name), { body, ifMatch: ifMatch(options) });
  context.answer(change, ({ impact, peerRange }) => [
    `${name}, ${counted(peerRange.peers.length, 'peer')}: ${IMPACTS[impact]}`,
  ]);
}

export async function removeRange(context: Context, name: string, options: Options): Promise<void> {
  await context.client().call('DELETE', path(name), { ifMatch: ifMatch(options) });
  context.answer({ removed: name }, () => [`removed ${name} and its peers`]);
}
