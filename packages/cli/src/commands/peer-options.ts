/** The flags of `peers add` and `peers set`, each with the field of the API it fills. */
import { readFileSync } from 'node:fs';
import { UsageError } from '../failure.js';

export interface PeerFlag {
  readonly flags: string;
  readonly field: string;
  readonly description: string;
  readonly parse?: (text: string) => unknown;
  readonly choices?: readonly string[];
}

const integer = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new UsageError(`"${text}" is not a whole number`);
  return Number(text);
};

const bfd = (text: string): Record<string, unknown> => {
  if (text === 'on' || text === 'off') return { enabled: text === 'on' };
  const [, minTxMs, minRxMs = minTxMs, multiplier] = /^(\d+)(?:,(\d+))?x(\d+)$/.exec(text) ?? [];
  if (minTxMs === undefined) throw new UsageError(`--bfd: "${text}" is not on, off or timers; write them like 300x3`);
  return { enabled: true, minTxMs: Number(minTxMs), minRxMs: Number(minRxMs), multiplier: Number(multiplier) };
};

const gracefulRestart = (text: string): Record<string, unknown> => {
  if (text === 'on' || text === 'off') return { enabled: text === 'on' };
  if (!/^\d+$/.test(text)) throw new UsageError(`--graceful-restart: "${text}" is not on, off or a number of seconds`);
  return { enabled: true, restartTimeS: Number(text) };
};

const list = (text: string): string[] => text.split(',').map((part) => part.trim());

const family = (text: string): string => (/^ipv[46]$/.test(text) ? `${text}-unicast` : text);

export const PEER_FLAGS: readonly PeerFlag[] = [
  { flags: '--description <text>', field: 'description', description: 'free text' },
  { flags: '--port <number>', field: 'remotePort', description: 'TCP port of the peer', parse: integer },
  {
    flags: '--interface <interface>',
    field: 'interface',
    description: 'unnumbered: the peer is the router found at the far end of this interface',
  },
  { flags: '--local-address <address>', field: 'localAddress', description: 'source address of the session' },
  {
    flags: '--local-asn <asn>',
    field: 'localAsn',
    description: "ASN shown to this peer instead of the node's own",
    parse: integer,
  },
  {
    flags: '--local-asn-prepend-in',
    field: 'localAsnPrependIn',
    description: 'put --local-asn in front of the AS path of what the peer sends',
  },
  { flags: '--no-local-asn-prepend-in', field: 'localAsnPrependIn', description: 'leave that path as it is' },
  {
    flags: '--local-asn-prepend-out',
    field: 'localAsnPrependOut',
    description: "show the peer the node's own ASN behind --local-asn",
  },
  { flags: '--no-local-asn-prepend-out', field: 'localAsnPrependOut', description: 'show it --local-asn alone' },
  { flags: '--passive', field: 'passive', description: 'listen only, never dial' },
  { flags: '--no-passive', field: 'passive', description: 'dial and listen' },
  { flags: '--families <list>', field: 'families', description: 'ipv4,ipv6', parse: (text) => list(text).map(family) },
  {
    flags: '--hold-time <seconds>',
    field: 'holdTimeS',
    description: 'hold time to offer: 0, or 3 and more',
    parse: integer,
  },
  { flags: '--keepalive <seconds>', field: 'keepaliveS', description: 'time between keepalives', parse: integer },
  {
    flags: '--connect-retry <seconds>',
    field: 'connectRetryS',
    description: 'time between attempts to connect',
    parse: integer,
  },
  { flags: '--client', field: 'routeReflectorClient', description: 'reflect routes to this peer as to a client' },
  { flags: '--no-client', field: 'routeReflectorClient', description: 'treat it as an ordinary iBGP peer' },
  {
    flags: '--next-hop <mode>',
    field: 'nextHopMode',
    description: 'next hop of what is advertised',
    choices: ['auto', 'self', 'keep'],
  },
  {
    flags: '--role <role>',
    field: 'role',
    description: 'what we are to this eBGP peer (RFC 9234)',
    choices: ['provider', 'rs', 'rs-client', 'customer', 'peer'],
  },
  { flags: '--role-strict', field: 'roleStrict', description: 'no session without a role of the peer' },
  { flags: '--no-role-strict', field: 'roleStrict', description: 'a peer without a role will do' },
  { flags: '--device <interface>', field: 'device', description: 'bind the session to an interface' },
  {
    flags: '--extended-next-hop',
    field: 'extendedNextHop',
    description: 'IPv4 routes with IPv6 next hops; on by itself with --interface',
  },
  { flags: '--no-extended-next-hop', field: 'extendedNextHop', description: 'no IPv4 routes with IPv6 next hops' },
  {
    flags: '--max-prefixes <number>',
    field: 'maxPrefixes',
    description: 'more prefixes per family end the session',
    parse: integer,
  },
  {
    flags: '--max-prefixes-action <action>',
    field: 'maxPrefixesAction',
    description: 'above that: only say so, a new session later, or none until a reset',
    choices: ['warn', 'restart', 'idle'],
  },
  { flags: '--add-path-receive', field: 'addPathReceive', description: 'take several paths per prefix (RFC 7911)' },
  { flags: '--no-add-path-receive', field: 'addPathReceive', description: 'take one path per prefix' },
  {
    flags: '--add-path-send-max <number>',
    field: 'addPathSendMax',
    description: 'send up to so many paths per prefix (RFC 7911)',
    parse: integer,
  },
  {
    flags: '--allow-as-in <times>',
    field: 'allowAsIn',
    description: 'take routes with our own ASN in the AS path, up to so many times',
    parse: integer,
  },
  { flags: '--as-override', field: 'asOverride', description: "our ASN in the place of the peer's in what it gets" },
  { flags: '--no-as-override', field: 'asOverride', description: 'AS paths as they are' },
  {
    flags: '--remove-private-as <how>',
    field: 'removePrivateAs',
    description: 'private ASNs in what the peer gets go, or become ours',
    choices: ['all', 'replace'],
  },
  { flags: '--blackhole', field: 'blackhole', description: 'drop traffic for routes with BLACKHOLE (RFC 7999)' },
  { flags: '--no-blackhole', field: 'blackhole', description: 'BLACKHOLE means nothing' },
  {
    flags: '--graceful-restart <seconds>',
    field: 'gracefulRestart',
    description: 'on, off, or how long the peer shall keep our routes (RFC 4724)',
    parse: gracefulRestart,
  },
  {
    flags: '--ttl-security <hops>',
    field: 'ttlSecurityHops',
    description: 'GTSM: accept only from so many hops',
    parse: integer,
  },
  {
    flags: '--multihop <ttl>',
    field: 'multihopTtl',
    description: 'TTL of an eBGP session over several hops',
    parse: integer,
  },
  {
    flags: '--password-file <file>',
    field: 'password',
    description: 'file with the TCP-MD5 key; - is standard input',
    parse: (file) => readSecret(file),
  },
  {
    flags: '--bfd <timers>',
    field: 'bfd',
    description:
      'BFD: on, off, or milliseconds and multiplier like 300x3; 100,200x3 sends every 100 and expects every 200',
    parse: bfd,
  },
  { flags: '--down', field: 'adminDown', description: 'keep it configured, hold no session' },
  { flags: '--no-down', field: 'adminDown', description: 'hold a session again' },
];

const NOT_OF_RANGES = new Set(['interface', 'remotePort', 'passive', 'bfd']);

/** The flags of `ranges add` and `ranges set`: what peers share that dial by themselves. */
export const RANGE_FLAGS: readonly PeerFlag[] = [
  { flags: '--limit <number>', field: 'limit', description: 'most peers at once', parse: integer },
  ...PEER_FLAGS.filter(({ field }) => !NOT_OF_RANGES.has(field)),
];

function readSecret(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UsageError(`cannot read the key: ${(error as Error).message}`);
  }
}

/** The name commander gives the value of a flag: `--no-passive` is `passive`, `--hold-time` is `holdTime`. */
const optionName = (flags: string): string =>
  flags
    .split(' ')[0]!
    .replace(/^--(no-)?/, '')
    .replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Writes one `--field a.b=VALUE` into an object: VALUE is JSON, or else text as it stands. */
function setField(fields: Record<string, unknown>, text: string): void {
  const [, path, value] = /^([a-zA-Z0-9.]+)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined) {
    throw new UsageError(`--field: "${text}" is not NAME=VALUE; names are those of the API, like holdTimeS=30`);
  }
  const names = path.split('.');
  const last = names.pop()!;
  let object = fields;
  for (const name of names) {
    object[name] = { ...(object[name] as object | undefined) };
    object = object[name] as Record<string, unknown>;
  }
  object[last] = jsonOrText(value);
}

function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The fields of the API that the flags given on the command line name. */
export function peerFields(
  options: Readonly<Record<string, unknown>>,
  known: readonly PeerFlag[] = PEER_FLAGS,
): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const { flags, field, parse, choices } of known) {
    const given = options[optionName(flags)];
    if (given === undefined) continue;
    if (choices && !choices.includes(String(given))) {
      throw new UsageError(`${flags.split(' ')[0]}: "${given}" is not one of ${choices.join(', ')}`);
    }
    fields[field] = typeof given === 'string' && parse ? parse(given) : given;
  }
  for (const text of (options.field as readonly string[] | undefined) ?? []) setField(fields, text);
  return fields;
}

/** Fields by the names of their flags, for `peers set --unset hold-time`. */
export function fieldOfFlag(name: string, known: readonly PeerFlag[] = PEER_FLAGS): string {
  const wanted = name.replace(/^--/, '');
  const found =
    known.find(({ flags }) => flags.split(' ')[0] === `--${wanted}`) ??
    known.find(({ flags, field }) => field === wanted || flags.startsWith(`--${wanted}-file `));
  if (!found) {
    const names = known
      .filter(({ flags }) => !flags.startsWith('--no-'))
      .map(({ flags }) => flags.split(' ')[0]!.slice(2));
    throw new UsageError(`--unset: there is no field "${name}"; fields: ${names.join(', ')}`);
  }
  return found.field;
}
