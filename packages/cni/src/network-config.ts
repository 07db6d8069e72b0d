/** The network configuration a runtime hands over on standard input: one plugin's part of the list in /etc/cni/net.d. */
import { CniError } from './errors.js';
import { Fields, refuse, shown } from './fields.js';
import { CNI_VERSIONS, type CniVersion, isVersion } from './version.js';

/** What every command needs of it. */
export interface NetworkBasics {
  readonly version: CniVersion;
  readonly name: string;
  readonly fields: Fields;
}

/** What ADD needs beyond that; wishes.ts reads who wants which addresses. */
export interface NetworkSettings {
  /** Absent: that of the node's way out. */
  readonly mtu: number | undefined;
  /** The pod must reach the world under an address of its node: its pools see to that. */
  readonly ipMasq: boolean;
  /** Passed on in the result. */
  readonly dns: Dns;
}

/** Specification, section "Success" of ADD. */
export interface Dns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** The fields we act on. */
const OURS = ['mtu', 'ipMasq', 'ipv4', 'ipv6', 'ipv4Pools', 'ipv6Pools', 'dns', 'socket'];
/** Those of the specification that belong to the runtime. */
const RUNTIME = ['cniVersion', 'cniVersions', 'name', 'type', 'args', 'capabilities', 'runtimeConfig', 'prevResult'];
/** Names of networks and ids of containers: specification, section 1 and 2. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** Throws `ERR_CNI_DECODE` or `ERR_CNI_CONFIG`. */
export function parseNetworkConfig(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CniError('ERR_CNI_DECODE', 'standard input holds no JSON; it is the network configuration', {
      details: (cause as Error).message,
      cause,
    });
  }
  return new Fields(value);
}

/** The version a configuration asks for, where it is one of ours. */
export function versionOf(fields: Fields): CniVersion {
  const version = fields.get('cniVersion');
  if (isVersion(version)) return version;
  const asked = version === undefined ? 'no cniVersion, which means 0.1.0' : `cniVersion ${shown(version)}`;
  throw new CniError(
    'ERR_CNI_VERSION',
    `the network configuration has ${asked}; spoken here are ${CNI_VERSIONS.join(', ')}`,
  );
}

export function readBasics(fields: Fields): NetworkBasics {
  const version = versionOf(fields);
  const name = fields.string('name');
  if (name === undefined || !NAME.test(name)) {
    refuse('/name', name, 'a network has a name of letters, digits, dots, dashes and underscores');
  }
  return { version, name, fields };
}

/** Throws `ERR_CNI_FIELD` for fields nobody would act on: a misspelt one must not be passed over. */
export function readSettings({ fields }: NetworkBasics): NetworkSettings {
  for (const [name, value] of Object.entries(fields.value)) {
    if (OURS.includes(name) || RUNTIME.includes(name) || name.includes('/')) continue;
    if (value === null) continue;
    throw new CniError('ERR_CNI_FIELD', `${shown(name)}: ${shown(value)} is no field of this plugin`, {
      details: INSTEAD[name] ?? `known are ${OURS.join(', ')}`,
    });
  }
  // RFC 791 asks for 68 octets, RFC 8200 section 5 for 1280 where there is IPv6.
  return { mtu: fields.integer('mtu', 68, 65535), ipMasq: fields.boolean('ipMasq') ?? false, dns: readDns(fields) };
}

/** The answer must hold it beside all else: more than this is no resolv.conf. */
const MAX_DNS_LENGTH = 64 * 1024;

function readDns(fields: Fields): Dns {
  const members = fields.object('dns');
  if (!members) return {};
  const [nameservers, domain] = [members.strings('nameservers'), members.string('domain')];
  const [search, options] = [members.strings('search'), members.strings('options')];
  const dns = {
    ...(nameservers && { nameservers }),
    ...(domain !== undefined && { domain }),
    ...(search && { search }),
    ...(options && { options }),
  };
  if (JSON.stringify(dns).length > MAX_DNS_LENGTH)
    refuse('/dns', dns, `it is at most ${MAX_DNS_LENGTH} characters long`);
  return dns;
}

/** What somebody who knows other plugins may look for. */
const INSTEAD: Readonly<Record<string, string>> = {
  ipam: "addresses come from the agent's pools; name some with ipv4Pools and ipv6Pools",
};
