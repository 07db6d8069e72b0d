/** The network configuration a runtime hands over on standard input: one plugin's part of the list in /etc/cni/net.d. */
import { CniError } from './errors.js';
import { Fields, isObject, refuse } from './fields.js';
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
  readonly dns: unknown;
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
  const asked = version === undefined ? 'no cniVersion, which means 0.1.0' : `cniVersion ${JSON.stringify(version)}`;
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
    throw new CniError('ERR_CNI_FIELD', `"${name}": ${JSON.stringify(value)} is no field of this plugin`, {
      details: INSTEAD[name] ?? `known are ${OURS.join(', ')}`,
    });
  }
  const dns = fields.get('dns');
  if (dns !== undefined && !isObject(dns)) refuse('/dns', dns, 'it is an object, like {"nameservers": ["10.96.0.10"]}');
  // RFC 791 asks for 68 octets, RFC 8200 section 5 for 1280 where there is IPv6.
  return { mtu: fields.integer('mtu', 68, 65535), ipMasq: fields.boolean('ipMasq') ?? false, dns };
}

/** What somebody who knows other plugins may look for. */
const INSTEAD: Readonly<Record<string, string>> = {
  ipam: "addresses come from the agent's pools; name some with ipv4Pools and ipv6Pools",
};
