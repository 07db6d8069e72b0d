/** A route of an MRT file in one line for people: fixed columns in front, named attributes behind. */
import { type MrtAttributesView, type MrtRoute, type MrtRouteView, mrtRouteView } from '@tortie/bgp';
import { timeText } from './time-text.js';

const STATES = ['Unknown', 'Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;

export class RouteLine {
  #timestamp = Number.NaN;
  #time = '';

  line(route: MrtRoute): string {
    const view = mrtRouteView(route);
    const { kind, peer, prefix = '', pathId, attributes } = view;
    const time = this.#timeOf(view);
    const head = `${time}  ${kind.padEnd(8)}  ${`${peer.address} AS${peer.asn}`.padEnd(24)}`;
    if (view.state) return `${head}  ${stateName(view.state.from)} -> ${stateName(view.state.to)}`;
    const path = pathId === undefined ? prefix : `${prefix} path-id ${pathId}`;
    return attributes ? `${head}  ${path.padEnd(18)}  ${attributesText(attributes)}` : `${head}  ${path}`;
  }

  #timeOf({ timestamp }: MrtRouteView): string {
    if (timestamp !== this.#timestamp) {
      this.#timestamp = timestamp;
      this.#time = timeText(timestamp);
    }
    return this.#time;
  }
}

const stateName = (state: number): string => STATES[state] ?? String(state);

function attributesText(attributes: MrtAttributesView): string {
  const { nextHop, linkLocalNextHop, asPath, origin, med, localPref, aggregator } = attributes;
  const list = (values: readonly string[] | undefined): string | undefined => values?.join(' ');
  const parts: readonly (readonly [name: string, value: string | number | undefined])[] = [
    ['via', nextHop],
    ['link-local', linkLocalNextHop],
    ['path', asPath],
    ['origin', origin],
    ['local-pref', localPref],
    ['med', med],
    ['communities', list(attributes.communities)],
    ['large', list(attributes.largeCommunities)],
    ['extended', list(attributes.extendedCommunities)],
    ['aggregator', aggregator && `AS${aggregator.asn} ${aggregator.address}`],
    ['atomic', attributes.atomicAggregate && 'yes'],
    ['originator', attributes.originatorId],
    ['clusters', list(attributes.clusterList)],
    ['others', list(attributes.others?.map(({ type, value }) => `${type}:${value}`))],
  ];
  return parts.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`])).join('  ');
}
