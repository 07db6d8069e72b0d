/** bird.conf for a host of the lab: BIRD 2 syntax. Pure. */
import { type LabPlan, type PlannedHost, type PlannedSession, type SessionEnd, sessionsOf } from '../topology/plan.js';

/** BIRD's names of protocols are letters, digits and underscores. */
export const birdProtocolName = (peer: string): string => peer.replaceAll('-', '_');

/** The whole configuration: kernel and device protocols, connected networks, originated prefixes, one protocol per peer. */
export function birdConfig(plan: LabPlan, host: PlannedHost): string {
  const merge = host.multipath > 1 ? `  merge paths yes limit ${host.multipath};\n` : '';
  const blocks = [`router id ${host.routerId};\nlog stderr all;`, 'protocol device {\n  scan time 5;\n}'];
  blocks.push('protocol direct {\n  ipv4;\n  ipv6;\n  interface "eth*";\n}');
  for (const [family, name] of [
    ['ipv4', 'kernel4'],
    ['ipv6', 'kernel6'],
  ] as const) {
    blocks.push(`protocol kernel ${name} {\n${merge}  ${family} {\n    export where source = RTS_BGP;\n  };\n}`);
    const own = host.originate.filter((prefix) => prefix.includes(':') === (family === 'ipv6'));
    if (own.length > 0) {
      const routes = own.map((prefix) => `  route ${prefix} blackhole;\n`).join('');
      blocks.push(`protocol static own${family.slice(3)} {\n  ${family};\n${routes}}`);
    }
  }
  for (const { session, end } of sessionsOf(plan, host.name)) blocks.push(bgpProtocol(session, end));
  if (host.birdConfig) blocks.push(host.birdConfig.trim());
  return `${blocks.join('\n\n')}\n`;
}

function bgpProtocol(session: PlannedSession, end: SessionEnd): string {
  const lines = [
    `local ${end.localAddress} as ${end.localAsn};`,
    `neighbor ${end.remoteAddress} as ${end.remoteAsn};`,
    // A lab is there to converge, not to be gentle: try at once and often.
    'connect delay time 1;',
    'connect retry time 2;',
    'error wait time 1, 4;',
  ];
  if (session.holdTimeS !== undefined) lines.push(`hold time ${session.holdTimeS};`);
  if (session.password !== undefined) lines.push(`password ${quoted(session.password)};`);
  if (end.client) lines.push('rr client;');
  for (const family of session.families) {
    lines.push(`${family} {`, '  import all;', '  export where source ~ [ RTS_BGP, RTS_STATIC, RTS_DEVICE ];', '};');
  }
  const body = lines.map((line) => `  ${line}\n`).join('');
  return `protocol bgp ${birdProtocolName(end.peer)} {\n  description "${end.remoteHost}";\n${body}}`;
}

const quoted = (text: string): string => {
  if (/["\n]/.test(text)) throw new RangeError('BIRD cannot read a password with a quote or a line break');
  return `"${text}"`;
};
