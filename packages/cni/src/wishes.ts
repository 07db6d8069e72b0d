/**
 * Which addresses an attachment asks for. The nearest to the pod wins, field by field: annotations of the pod, then
 * `runtimeConfig` (capabilities), then CNI_ARGS, then `args.cni`, then the network configuration.
 */
import { type Address, formatAddress, type IpVersion } from '@tortie/ip';
import type { CniArgs } from './cni-args.js';
import { CniError } from './errors.js';
import { Fields, readAddress, refuse } from './fields.js';
import type { NetworkBasics } from './network-config.js';

export interface Wishes {
  /** Whether an address of this version is wanted; undefined: where a pool has some. */
  readonly ipv4: boolean | undefined;
  readonly ipv6: boolean | undefined;
  /** At most one of each version. */
  readonly addresses: readonly Address[];
  /** Names or CIDRs of pools; undefined: those that select the node and the namespace. */
  readonly ipv4Pools: readonly string[] | undefined;
  readonly ipv6Pools: readonly string[] | undefined;
  /** Of the pod's interface, `aa:bb:cc:dd:ee:ff`; undefined: the agent chooses. */
  readonly mac: string | undefined;
}

/** What one place may ask for. */
type Source = { readonly [K in 'addresses' | 'ipv4Pools' | 'ipv6Pools' | 'mac']?: Wishes[K] | undefined };

/** containerd hands a pod's annotations over under this capability; the annotations are those Calico's users know. */
const ANNOTATIONS = 'io.kubernetes.cri.pod-annotations';

/** Throws `ERR_CNI_CONFIG` or `ERR_CNI_ENVIRONMENT`. */
export function readWishes({ fields }: NetworkBasics, args: CniArgs): Wishes {
  const runtimeConfig = fields.object('runtimeConfig');
  const sources: readonly Source[] = [
    fromAnnotations(runtimeConfig?.object(ANNOTATIONS)),
    fromMembers(runtimeConfig),
    fromArgs(args),
    fromMembers(fields.object('args')?.object('cni')),
    { ipv4Pools: fields.strings('ipv4Pools'), ipv6Pools: fields.strings('ipv6Pools') },
  ];
  const first = <K extends keyof Source>(key: K): Wishes[K] | undefined =>
    sources.find((source) => source[key] !== undefined)?.[key];
  const wishes = {
    ipv4: fields.boolean('ipv4'),
    ipv6: fields.boolean('ipv6'),
    addresses: first('addresses') ?? [],
    ipv4Pools: first('ipv4Pools'),
    ipv6Pools: first('ipv6Pools'),
    mac: first('mac'),
  };
  for (const version of [4, 6] as const) assertOne(wishes, version);
  if (wishes.ipv4 === false && wishes.ipv6 === false) {
    throw new CniError('ERR_CNI_CONFIG', '/ipv4 and /ipv6 are both false; a pod needs an address');
  }
  return wishes;
}

function assertOne(wishes: Wishes, version: IpVersion): void {
  const fixed = wishes.addresses.filter((address) => address.version === version).map(formatAddress);
  if (fixed.length > 1) {
    throw new CniError(
      'ERR_CNI_CONFIG',
      `${fixed.slice(0, 3).join(' and ')} are asked for; an interface has one IPv${version} address`,
    );
  }
  if (fixed.length > 0 && wishes[`ipv${version}`] === false) {
    throw new CniError('ERR_CNI_CONFIG', `${fixed[0]} is asked for, but /ipv${version} is false`);
  }
}

/** `runtimeConfig` with the conventional capabilities `ips` and `mac`; `args.cni` has pools beside them. */
function fromMembers(members: Fields | undefined): Source {
  if (!members) return {};
  const mac = members.string('mac');
  return {
    addresses: members.addresses('ips'),
    ipv4Pools: members.strings('ipv4Pools'),
    ipv6Pools: members.strings('ipv6Pools'),
    mac: mac === undefined ? undefined : readMac(mac, members.at('mac')),
  };
}

const list = (text: string | undefined): string[] | undefined => text?.split(',').filter((part) => part !== '');

function fromArgs({ IP, MAC, IPV4_POOLS, IPV6_POOLS }: CniArgs): Source {
  return {
    addresses: list(IP)?.map((text) => readAddress(text, 'CNI_ARGS: IP')),
    ipv4Pools: list(IPV4_POOLS),
    ipv6Pools: list(IPV6_POOLS),
    mac: MAC === undefined ? undefined : readMac(MAC, 'CNI_ARGS: MAC'),
  };
}

/** Lists stand in annotations as JSON: `["10.244.0.7"]`. */
function fromAnnotations(annotations: Fields | undefined): Source {
  if (!annotations) return {};
  const parsed = (key: string): Fields => {
    const name = `cni.projectcalico.org/${key}`;
    const text = annotations.string(name);
    if (text === undefined) return new Fields({});
    try {
      return new Fields({ [name]: JSON.parse(text) as unknown }, annotations.at(name));
    } catch {
      return refuse(annotations.at(name), text, 'it is a JSON list, like ["10.244.0.7"]');
    }
  };
  const strings = (key: string) => parsed(key).strings(`cni.projectcalico.org/${key}`);
  const mac = annotations.string('cni.projectcalico.org/hwAddr');
  return {
    addresses: parsed('ipAddrs').addresses('cni.projectcalico.org/ipAddrs'),
    ipv4Pools: strings('ipv4pools'),
    ipv6Pools: strings('ipv6pools'),
    mac: mac === undefined ? undefined : readMac(mac, annotations.at('cni.projectcalico.org/hwAddr')),
  };
}

function readMac(text: string, place: string): string {
  const mac = text.toLowerCase().replaceAll('-', ':');
  // The lowest bit of the first octet marks groups, which no interface can be.
  if (!/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/.test(mac) || mac === '00:00:00:00:00:00') {
    refuse(place, text, 'it is the MAC address of one interface, like 02:00:00:00:00:07');
  }
  return mac;
}
