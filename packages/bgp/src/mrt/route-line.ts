/** A route of a walk in one line for people: fixed columns in front, named attributes behind. Addresses as in RFC 5952. */
import { addressFromBytes, formatAddress } from '@tortie/ip';
import { ATTRIBUTE_TYPE } from '../iana.js';
import { ipv4Text } from './bgpdump-line.js';
import { hexText, mrtNextHops, wordAddress } from './route-view.js';
import type { MrtRoute } from './route-walk.js';

/** By the numbers of RFC 4271 section 8.2.2. */
const STATES = ['Unknown', 'Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;

const KINDS = { rib: 'rib     ', announce: 'announce', withdraw: 'withdraw', state: 'state   ' } as const;
const PEER_WIDTH = 24;
const PREFIX_WIDTH = 18;

/** `2015-04-01 00:00:01` in UTC, with microseconds where the record has some. */
export function mrtTimeText(timestampS: number, microseconds?: number): string {
  const text = new Date(timestampS * 1000).toISOString().slice(0, 19).replace('T', ' ');
  return microseconds === undefined ? text : `${text}.${String(microseconds).padStart(6, '0')}`;
}

/** Makes the lines; keeps what neighbouring routes share, so one per walk. */
export class MrtLineFormat {
  #timestampS = Number.NaN;
  #microseconds: number | undefined;
  #time = '';
  /** Peers of an index, whose address is an object of its own. */
  readonly #peers = new WeakMap<Uint8Array, string>();

  /** Without the end of the line. */
  line(route: MrtRoute): string {
    const head = `${this.#timeOf(route)}  ${KINDS[route.kind]}  ${this.#peerOf(route)}`;
    if (route.kind === 'state') return `${head}  ${stateName(route.oldState)} -> ${stateName(route.newState)}`;
    const { octets, version, length } = route;
    const address = version === 4 ? ipv4Text(octets, 0) : formatAddress(addressFromBytes(octets, 6));
    const prefix = `${address}/${length}${route.addPath ? ` path-id ${route.pathId}` : ''}`;
    if (route.kind === 'withdraw') return `${head}  ${prefix}`;
    return `${head}  ${prefix.padEnd(PREFIX_WIDTH)}${attributesText(route)}`;
  }

  #timeOf({ frame: { timestampS, microseconds } }: MrtRoute): string {
    if (timestampS !== this.#timestampS || microseconds !== this.#microseconds) {
      this.#timestampS = timestampS;
      this.#microseconds = microseconds;
      this.#time = mrtTimeText(timestampS, microseconds);
    }
    return this.#time;
  }

  #peerOf(route: MrtRoute): string {
    const { field, bytes } = route;
    if (field !== 'table-dump-v2') return peerText(route);
    let text = this.#peers.get(bytes);
    if (text === undefined) {
      text = peerText(route);
      this.#peers.set(bytes, text);
    }
    return text;
  }
}

const peerText = ({ bytes, peerVersion, peerAt, peerAsn }: MrtRoute): string =>
  `${formatAddress(addressFromBytes(bytes, peerVersion, peerAt))} AS${peerAsn}`.padEnd(PEER_WIDTH);

const stateName = (state: number): string => STATES[state] ?? String(state);

function attributesText(route: MrtRoute): string {
  const { attributes } = route;
  const { nextHop, linkLocalNextHop } = mrtNextHops(route);
  let text = '';
  const put = (name: string, value: string | number): void => {
    text += `  ${name} ${value}`;
  };
  const has = (type: number): boolean => attributes.has(type);
  if (nextHop !== undefined) put('via', nextHop);
  if (linkLocalNextHop !== undefined) put('link-local', linkLocalNextHop);
  if (has(ATTRIBUTE_TYPE.asPath)) put('path', attributes.pathText || '-');
  if (has(ATTRIBUTE_TYPE.origin)) put('origin', attributes.origin.toLowerCase());
  if (has(ATTRIBUTE_TYPE.localPref)) put('local-pref', attributes.localPref);
  if (has(ATTRIBUTE_TYPE.med)) put('med', attributes.med);
  if (has(ATTRIBUTE_TYPE.communities)) put('communities', attributes.communityText || '-');
  if (has(ATTRIBUTE_TYPE.largeCommunities)) put('large', attributes.largeCommunityText || '-');
  for (const type of attributes.types) {
    if (!USUAL.has(type)) put(NAMES[type] ?? `attribute-${type}`, hexText(attributes.value(type)) || '-');
    else if (type === ATTRIBUTE_TYPE.originatorId || type === ATTRIBUTE_TYPE.clusterList) {
      const name = type === ATTRIBUTE_TYPE.clusterList ? 'clusters' : 'originator';
      put(name, attributes.words(type).map(wordAddress).join(' ') || '-');
    }
  }
  const { aggregator } = attributes;
  if (aggregator) put('aggregator', `AS${aggregator.asn} ${wordAddress(aggregator.address)}`);
  if (attributes.atomicAggregate) text += '  atomic';
  return text;
}

/** What of the rest, which is shown in hexadecimal, has a name. */
const NAMES: Readonly<Record<number, string>> = { [ATTRIBUTE_TYPE.extendedCommunities]: 'extended' };

const USUAL: ReadonlySet<number> = new Set(Object.values(ATTRIBUTE_TYPE).filter((type) => NAMES[type] === undefined));
