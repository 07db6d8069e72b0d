/** What looks wrong: in the resources as they are, in what nodes say of themselves, and in what peers send to this one. */
import { networkInterfaces } from 'node:os';
import type { FamilyName, PeerView } from '@tortie/bgp';
import { clusterFindings, type Finding } from '@tortie/cluster';
import { counted, formatAddress, formatPrefix, type Prefix, prefixCovers } from '@tortie/ip';
import { nameOf } from '../../src/pods/pod-facts.js';
import { findNodeConflicts } from '../cluster/node-record.js';
import { fullNeighbourTables } from '../kernel/neighbour-tables.js';
import type { RestContext } from '../rest/context.js';
import { storeRoom } from '../store/store-room.js';

/** So many routes of a peer are looked at. */
const LOOKED_AT = 10_000;
/** A passive peer that nobody has dialled for so long. */
const QUIET_MS = 60_000;

/** `nowMs`: by performance.now(). */
export async function examine(context: RestContext, nowMs = performance.now()): Promise<Finding[]> {
  const { cluster, config } = context;
  const findings: Finding[] = cluster
    ? [...clusterFindings(cluster.mirror.index, config.node), ...ownFindings(context), ...addressFindings(context)]
    : [
        {
          code: 'no-cluster',
          severity: 'info',
          subject: `Node/${config.node}`,
          text: 'this node takes no part in a cluster: BGPPeers and the mesh are not for it',
          remedy: 'write "cluster: {}" into its configuration file, if it should',
        },
      ];
  for (const text of findNodeConflicts(await context.dataplane.nodes.list(), context.dataplane.record)) {
    findings.push({
      code: 'node-conflict',
      severity: 'error',
      subject: `Node/${config.node}`,
      text,
      remedy: 'give one of the two another one, in its configuration file',
    });
  }
  for (const dropped of await context.dataplane.dropped()) {
    findings.push({ severity: dropped.code === 'pods-dropped' ? 'warning' : 'info', ...dropped });
  }
  for (const problem of await context.dataplane.routeProblems()) {
    findings.push({ severity: problem.code === 'block-unreachable' ? 'error' : 'warning', ...problem });
  }
  for (const full of await fullNeighbourTables()) {
    findings.push({ code: 'neighbours-full', severity: 'warning', subject: `Node/${config.node}`, ...full });
  }
  const room = config.store.etcd ? undefined : storeRoom(config.store.path);
  if (room?.warning !== undefined) {
    findings.push({
      code: 'store-full',
      severity: room.isFull ? 'error' : 'warning',
      subject: `Node/${config.node}`,
      text: room.warning,
      remedy: `make room there: du -xsh ${config.store.path}/* and its neighbours tell what takes it`,
    });
  }
  for (const pod of context.cni?.pods.list() ?? []) {
    for (const { code, text, remedy } of context.cni!.pods.problems.of(pod))
      findings.push({ code, severity: 'error', subject: nameOf(pod), text: `pod ${nameOf(pod)}: ${text}`, remedy });
  }
  for (const { hostInterface, name } of context.cni?.pods.strangers ?? []) {
    findings.push({
      code: 'pod-unknown',
      severity: 'error',
      subject: name,
      text: `pod ${name} runs on ${hostInterface}, but the store knows no address of it: it was plugged in after the copy that was brought back, or the store began empty`,
      remedy: 'make the pod anew before others start: its address may be given away again',
    });
  }
  return [...findings, ...restoreFindings(context), ...peerFindings(context, nowMs)];
}

/** A store that was restored from an older copy while this agent knew it. */
function restoreFindings({ restored, config }: RestContext): Finding[] {
  if (!restored) return [];
  const { text, again, problems, configured, file } = restored;
  const subject = `Node/${config.node}`;
  const findings: Finding[] = [
    {
      code: 'store-restored',
      severity: 'warning',
      subject,
      text: `${text}; ${counted(again.length, 'address of this node was', 'addresses of this node were')} recorded again`,
      remedy: 'look at tortie ipam check and tortie doctor on every node; restarting the agent ends this warning',
    },
  ];
  for (const problem of problems) {
    findings.push({
      code: 'address-lost',
      severity: 'error',
      subject,
      text: problem,
      remedy: 'make the workload that has it on this node anew: two may have the same address',
    });
  }
  if (configured.length > 0) {
    const some = `${configured.slice(0, 5).join(', ')}${configured.length > 5 ? ` and ${configured.length - 5} more` : ''}`;
    findings.push({
      code: 'configuration-lost',
      severity: 'error',
      subject,
      text: `configured otherwise than before: ${some}`,
      remedy: `apply it again where it is still wanted; ${file} has it as it was`,
    });
  }
  return findings;
}

/** Of notes that only the node itself can write. */
const NOTE_REMEDY: Readonly<Record<string, string>> = {
  'filter-missing': 'apply the BGPFilter, or take its name out of the BGPPeer',
};

/** Nobody peers with a node over an IP version in which it has no address. */
function addressFindings({ config, dataplane }: RestContext): Finding[] {
  const { record } = dataplane;
  return (config.cluster?.families ?? []).flatMap((family) => {
    if (record[`${family}Address`] !== undefined) return [];
    const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
    return {
      code: 'node-without-address',
      severity: 'error' as const,
      subject: `Node/${config.node}`,
      text: `this node has no ${name} address that others could reach it by, and so no sessions over ${name}, which cluster.families asks for`,
      remedy: `give an interface of it one, name it with nodeAddress.${family}, or take ${family} out of cluster.families`,
    };
  });
}

/** What the resources say of this node against what it is. */
function ownFindings({ cluster, config }: RestContext): Finding[] {
  const { mirror, sessions } = cluster!;
  const subject = `Node/${config.node}`;
  const findings: Finding[] = [];
  const configurations = mirror.resources('bgpconfigurations');
  const own = configurations.get(`node.${config.node}`)?.spec;
  const asn = mirror.resources('nodes').get(config.node)?.spec.bgp?.asNumber ?? own?.asNumber;
  if (asn !== undefined && asn !== config.asn) {
    findings.push({
      code: 'asn-not-in-force',
      severity: 'error',
      subject,
      text: `the resources give this node AS ${asn}, but it runs in AS ${config.asn}`,
      remedy: `write asn: ${asn} into its file and start it anew, or change the resource`,
    });
  }
  const port = own?.listenPort ?? configurations.get('default')?.spec.listenPort;
  const listens = mirror.facts(config.node)?.listenPort;
  if (port !== undefined && listens !== undefined && port !== listens) {
    findings.push({
      code: 'port-not-in-force',
      severity: 'warning',
      subject,
      text: `the resources have this node listen on port ${port}, but it listens on ${listens}; other nodes dial ${listens}`,
      remedy: 'change bgp.listen in its file and start it anew, or change the resource',
    });
  }
  for (const { id, reason, sessions: names } of sessions.pending) {
    findings.push({
      code: 'change-held',
      severity: 'warning',
      subject,
      text: `${counted(names.length, 'session stays', 'sessions stay')} although a change would end them: ${reason}`,
      remedy: `correct the change, or confirm it: tortie cluster confirm ${id}`,
    });
  }
  for (const { code, subject: about, text } of sessions.notes) {
    const remedy = NOTE_REMEDY[code];
    if (remedy !== undefined) findings.push({ code, severity: 'warning', subject: about, text, remedy });
  }
  for (const text of mirror.problems) {
    findings.push({ code: 'resource-unreadable', severity: 'error', subject, text, remedy: 'update this agent' });
  }
  return findings;
}

function peerFindings(context: RestContext, nowMs: number): Finding[] {
  const { speaker } = context;
  return speaker
    .peers()
    .flatMap((view) => [...downFinding(view), ...passiveFinding(view, nowMs), ...tableFindings(context, view)]);
}

/** A peer whose last attempt or session has ended, and no other came up since. */
function downFinding({ name, config, state, lastCause }: PeerView): Finding[] {
  if (config.adminDown || state === 'established' || lastCause === undefined || isOfRange(name)) return [];
  const address = formatAddress(config.remoteAddress);
  const own = Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === address));
  return [
    {
      code: 'session-down',
      severity: 'warning',
      subject: name,
      text: `peer ${name} has no session: ${lastCause}`,
      remedy: own
        ? `${address} is an address of this node itself: give the peer that of the router`
        : `look at ${address} port ${config.remotePort} and at the way there; tortie peers show ${name} tells what is configured here, and what the kernel dropped`,
    },
  ];
}

/** Whoever dialled from inside a peer range may go away as it came. */
const isOfRange = (name: string): boolean => name.replace(/^cluster\//, '').includes('/');

function passiveFinding({ name, config, state, sinceMs }: PeerView, nowMs: number): Finding[] {
  if (!config.passive || config.adminDown || state === 'established' || nowMs - sinceMs < QUIET_MS) return [];
  if (isOfRange(name)) return [];
  return [
    {
      code: 'passive-idle',
      severity: 'warning',
      subject: name,
      text: `peer ${name} is passive here and has not dialled; where its end is passive as well, neither ever will`,
      remedy: 'take passive away from one of the two ends',
    },
  ];
}

/** A peer that is no node and sends what this node has no use for: more than pools, service ranges and a default route, or what is its own. */
function tableFindings(
  { speaker, cluster, blocks, config }: RestContext,
  { name, state, config: peer }: PeerView,
): Finding[] {
  if (
    state !== 'established' ||
    config.importPolicy === 'all' ||
    cluster?.sessions.sessions.get(name)?.node !== undefined
  )
    return [];
  const wanted = [...blocks.addressing.pools, ...(cluster?.announcements.services ?? [])];
  const { ownBlocks, lent } = blocks.addressing;
  const isOurs = (prefix: Prefix): boolean =>
    ownBlocks.some((block) => prefixCovers(block, prefix)) && !lent.some((one) => prefixCovers(one, prefix));
  const [more, ours]: [Prefix[], Prefix[]] = [[], []];
  let looked = 0;
  for (const family of peer.families as readonly FamilyName[]) {
    for (let cursor: number | undefined = 0; cursor !== undefined && looked < LOOKED_AT; ) {
      const page: ReturnType<typeof speaker.adjRibIn> = speaker.adjRibIn(name, 'pre', family, { cursor });
      looked += page.items.length;
      for (const { prefix, ineligible } of page.items) {
        // What a router merely tells back has our AS in its path, and is refused for that.
        if (ineligible === 'rejected-by-policy' && isOurs(prefix)) ours.push(prefix);
        if (prefix.length > 0 && !wanted.some((range) => prefixCovers(range, prefix))) more.push(prefix);
      }
      cursor = page.next;
    }
  }
  return [...excess(name, more), ...claimed(name, ours)];
}

/** The first few by name. */
const someOf = (prefixes: readonly Prefix[]): string =>
  `${prefixes.slice(0, 3).map(formatPrefix).join(', ')}${prefixes.length > 3 ? ', …' : ''}`;

function claimed(name: string, ours: readonly Prefix[]): Finding[] {
  if (ours.length === 0) return [];
  return [
    {
      code: 'peer-sends-ours',
      severity: 'info',
      subject: name,
      text: `peer ${name} announces ${counted(ours.length, 'prefix', 'prefixes')} inside of blocks of this node as if from elsewhere (${someOf(ours)}); not used here, but others may use it`,
      remedy:
        'where the peer only gives back what this node has told (as-override), nothing; else find out who announces it',
    },
  ];
}

function excess(name: string, more: readonly Prefix[]): Finding[] {
  if (more.length === 0) return [];
  return [
    {
      code: 'peer-sends-more',
      severity: 'info',
      subject: name,
      text: `peer ${name} sends ${counted(more.length, 'prefix', 'prefixes')} outside pools, service ranges and the default route (${someOf(more)}); ${more.length === 1 ? 'it is' : 'they are'} not used unless a filter accepts ${more.length === 1 ? 'it' : 'them'}`,
      remedy:
        'have the peer send a default route alone, or accept them: a BGPFilter, or importPolicy: All of its BGPPeer',
    },
  ];
}
