/** bird.conf in pieces, and `show route all` read back. Pure. */

export interface BirdPeer {
  /** Name of the protocol. */
  readonly name: string;
  readonly local: string;
  readonly localAsn: number;
  readonly remote: string;
  readonly remoteAsn: number;
  /** Further options, each with its semicolon. */
  readonly options?: string;
  /** Further options of both channels. */
  readonly channel?: string;
  /** Default both. */
  readonly families?: readonly ('ipv4' | 'ipv6')[];
}

/** A BIRD that tries often, exports its static routes and those of BGP, and keeps nothing for itself. */
export function birdConfig(routerId: string, peers: readonly BirdPeer[], rest = ''): string {
  const protocols = peers.map(
    ({ name, local, localAsn, remote, remoteAsn, options = '', channel = '', families = ['ipv4', 'ipv6'] }) => `
protocol bgp ${name} {
  local ${local} as ${localAsn};
  neighbor ${remote} as ${remoteAsn};
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 1;
  startup hold time 10;
  ${options}
${families.map((family) => `  ${family} { import all; export where source ~ [ RTS_STATIC, RTS_BGP ]; ${channel} };\n`).join('')}}
`,
  );
  return `router id ${routerId};\nlog stderr all;\nprotocol device { scan time 1; }\n${rest}\n${protocols.join('')}`;
}

/** Static routes; a line of attributes in braces may follow a prefix. */
export function staticRoutes(name: string, family: 'ipv4' | 'ipv6', routes: readonly string[]): string {
  const lines = routes.map((route) => {
    const [prefix, ...attributes] = route.split(' ');
    return `  route ${prefix} blackhole${attributes.length > 0 ? ` ${attributes.join(' ')}` : ''};\n`;
  });
  return `protocol static ${name} {\n  ${family};\n${lines.join('')}}\n`;
}

export interface BirdRoute {
  readonly prefix: string;
  /** The protocol it came from. */
  readonly protocol: string;
  readonly best: boolean;
  /** BGP attributes by BIRD's name of them, without `BGP.`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Reads `show route all`: a prefix stands at its first route, further ones begin with blanks. */
export function birdRoutes(text: string): BirdRoute[] {
  const routes: { prefix: string; protocol: string; best: boolean; attributes: Record<string, string> }[] = [];
  let prefix = '';
  for (const line of text.split('\n')) {
    const head = /^(\S*)\s+(?:unicast|blackhole|unreachable|prohibit) \[(\S+)[^\]]*\](.*)$/.exec(line);
    if (head) {
      prefix = head[1] || prefix;
      routes.push({ prefix, protocol: head[2]!, best: head[3]!.includes('*'), attributes: {} });
      continue;
    }
    const attribute = /^\s*BGP\.([^:]+):\s*(.*?)\s*$/.exec(line);
    if (attribute) routes.at(-1)!.attributes[attribute[1]!] = attribute[2]!;
  }
  return routes;
}

/** The sum over all tables that `show route count` tells of. */
export const birdRouteCount = (text: string): number =>
  [...text.matchAll(/^(\d+) of \d+ routes for \d+ networks in table/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
