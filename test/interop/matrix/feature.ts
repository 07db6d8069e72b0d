/** A row of the matrix: a short scenario between a Tortie agent and a daemon, what must be seen, and how that is asked. */
import type { PeerSpec } from '@tortie/agent/api';
import type { Agent, Host, Lab } from '@tortie/lab';
import { eventually } from '../eventually.js';
import { peerAt, routeFrom, startAgent } from '../start-agent.js';
import { linkLocal } from '../unnumbered-rig.js';
import { type Daemon, NotConfigurable, type RunningDaemon, type Wish } from './daemon.js';

export const TORTIE_ASN = 65001;
export const DAEMON_ASN = 65002;
/** The interface that joins both. */
const DEVICE = 'eth0';
export const THEIRS = ['10.99.1.0/24', '10.99.2.0/24', 'fd00:99:1::/48'];
export const OURS = ['10.98.1.0/24', 'fd00:98:1::/48'];

export interface Pair {
  readonly lab: Lab;
  readonly agent: Agent;
  readonly daemon: RunningDaemon;
  /** The daemon's name among the agent's peers. */
  readonly peer: string;
}

export interface Feature {
  readonly name: string;
  readonly rfc: string;
  readonly wish?: Partial<Wish>;
  readonly peer?: Partial<PeerSpec>;
  /** Sessions run over this family. */
  readonly over?: 'ipv4' | 'ipv6' | 'interface';
  /** The agent knows no peer, but a prefix whose members may dial. */
  readonly byRange?: true;
  /** There is another host, `other`, on the same link. */
  readonly third?: true;
  readonly asns?: { readonly tortie: number; readonly daemon: number };
  /** There is to be no session. */
  readonly refused?: true;
  /** Throws what was not seen. */
  check(pair: Pair): Promise<void>;
}

/** Brings up the pair, lets the session establish, and runs the check. */
export async function tryFeature(lab: Lab, daemon: Daemon, feature: Feature): Promise<void> {
  const [theirs, ours] = [lab.host('daemon'), lab.host('tortie')];
  const { asns = { tortie: TORTIE_ASN, daemon: DAEMON_ASN } } = feature;
  const running = await daemon.start(theirs, {
    ...(await endsOf(feature, theirs, ours)),
    localAsn: asns.daemon,
    remoteAsn: asns.tortie,
    announce: THEIRS,
    nextHop4: theirs.address('ipv4'),
    nextHop6: theirs.address('ipv6'),
    ...feature.wish,
  });
  const agent = await startAgent(ours, {
    asn: asns.tortie,
    originate: OURS.map((prefix) => ({ prefix, localPref: 250, communities: ['65001:77', '65001:1:2'] })),
    ...(feature.byRange
      ? { peerRanges: [{ name: 'rack', prefix: '10.0.0.0/24', remoteAsn: asns.daemon, ...feature.peer }] }
      : { peers: [peerOf(feature, theirs, ours, asns.daemon)] }),
  });
  try {
    const peer = feature.byRange ? `rack/${theirs.address()}` : theirs.name;
    if (!feature.refused)
      await eventually('the session', async () => (await agent.peer(peer)).session?.state === 'established');
    await feature.check({ lab, agent, daemon: running, peer });
  } catch (error) {
    const log = running.process.logTail(1000);
    const defect = daemon.defects?.find((each) => each.log.test(log));
    throw defect ? new NotConfigurable(defect.text) : error;
  }
}

async function endsOf(
  { over = 'ipv4' }: Feature,
  theirs: Host,
  ours: Host,
): Promise<Pick<Wish, 'local' | 'remote' | 'device'>> {
  if (over !== 'interface') return { local: theirs.address(over), remote: ours.address(over) };
  return { local: await linkLocal(theirs, DEVICE), remote: await linkLocal(ours, DEVICE), device: DEVICE };
}

function peerOf({ over = 'ipv4', peer }: Feature, theirs: Host, ours: Host, remoteAsn: number): PeerSpec {
  const { remoteAddress, ...common } = peerAt(theirs, remoteAsn);
  if (over === 'interface') return { ...common, interface: DEVICE, ...peer };
  return {
    ...common,
    remoteAddress: theirs.address(over),
    localNextHops: [over === 'ipv4' ? ours.address('ipv6') : ours.address('ipv4')],
    ...peer,
  };
}

export const session = async ({ agent, peer }: Pair) => (await agent.peer(peer)).session!;

export const theyHave = ({ daemon }: Pair, prefix: string): Promise<string> =>
  eventually(`${prefix} at the daemon`, () => daemon.route(prefix));

export const weHave = ({ agent, peer }: Pair, prefix: string) =>
  eventually(`${prefix} from the daemon`, () => routeFrom(agent, peer, prefix));

export const routesBothWays = async (pair: Pair): Promise<void> => {
  await weHave(pair, THEIRS[0]!);
  await theyHave(pair, OURS[0]!);
};

/** A capability that both must have; where only the daemon lacks it, that is what the cell says. */
export const negotiated = async (pair: Pair, capability: string): Promise<void> => {
  const { capabilities = [] } = await session(pair);
  if (!capabilities.includes(capability)) throw new NotConfigurable('does not offer it');
};

/** Blanks do not count: daemons set them as they like. */
export const matching = (text: string, pattern: RegExp): void => {
  if (!pattern.test(text.replaceAll(' ', '')))
    throw new Error(`${pattern} is not in: ${text.trim().replaceAll(/\s+/g, ' ').slice(0, 300)}`);
};
