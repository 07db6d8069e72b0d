/**
 * Configuration text -> AgentConfig, or a ConfigError that names every fault at once.
 *
 * Three passes: YAML, schema, then the rules that need several fields. A later pass runs only where the earlier one
 * found nothing, as its findings would be consequences.
 */
import { parseYaml } from '@tortie/cluster/manifest';
import { withDefaults } from '@tortie/cluster/schema';
import { isUnspecified, tryParseAddress } from '@tortie/ip';
import { AgentConfigFile } from '../api/config.js';
import type { PolicyLibrary } from '../api/policy.js';
import type { Issue } from '../errors.js';
import { checkCollectors } from '../rules/collector-rules.js';
import { checkPeer, checkPeerRange, checkPeers } from '../rules/peer-rules.js';
import { checkLibrary } from '../rules/policy-rules.js';
import { checkPools } from '../rules/pool-rules.js';
import { checkValue, pointerTo } from '../schema/check.js';
import type { AgentConfig } from './config.js';
import { ConfigError } from './config-error.js';

export interface ConfigInput {
  readonly text: string;
  /** As messages shall name it. */
  readonly file: string;
  /** The node's name where the file gives none. */
  readonly hostName: string;
}

export function readConfig({ text, file, hostName }: ConfigInput): AgentConfig {
  const parsed = parseYaml(text);
  if ('faults' in parsed) {
    throw new ConfigError(parsed.faults.map((fault) => ({ file, pointer: '', ...fault })));
  }
  const { value, locate } = parsed.source;
  const refuse = (issues: readonly Issue[]): void => {
    if (issues.length === 0) return;
    const faults = issues.map(({ pointer, detail, atKey }) => ({ file, ...locate(pointer, atKey), pointer, detail }));
    throw new ConfigError(faults.sort((x, y) => x.line - y.line || x.column - y.column));
  };
  if (value === null || value === undefined) {
    refuse([{ pointer: '', detail: 'the file is empty; at least "asn" must be there, like asn: 64512' }]);
  }
  refuse(checkValue(AgentConfigFile, value));
  const filled = withDefaults(AgentConfigFile, value) as AgentConfigFile;
  refuse(checkRules(filled));
  const source = (pointer: string): string => `${file}:${locate(pointer).line}`;
  return {
    ...(filled as unknown as AgentConfig),
    file,
    node: filled.node ?? hostName,
    ...(filled.cluster && { cluster: { ...filled.cluster, families: filled.cluster.families ?? ['ipv4'] } }),
    ...(filled.cni && { cni: { socket: filled.cni.socket ?? besides(filled.api!.socket!, 'cni.sock') } }),
    nodeAddress: filled.nodeAddress ?? {},
    pools: filled.pools ?? [],
    library: libraryOf(filled),
    peers: (filled.peers ?? []).map((spec, index) => ({ spec, source: source(`/peers/${index}`) })),
    peerRanges: (filled.peerRanges ?? []).map((spec, index) => ({ spec, source: source(`/peerRanges/${index}`) })),
    bmp: (filled.bmp ?? []).map((spec, index) => ({ spec, source: source(`/bmp/${index}`) })),
    originate: (filled.originate ?? []).map((spec, index) => ({ spec, source: source(`/originate/${index}`) })),
  };
}

const besides = (path: string, name: string): string => path.slice(0, path.lastIndexOf('/') + 1) + name;

const libraryOf = ({ policies, prefixSets, communitySets, asPathSets }: AgentConfigFile): PolicyLibrary => ({
  ...(policies && { policies }),
  ...(prefixSets && { prefixSets }),
  ...(communitySets && { communitySets }),
  ...(asPathSets && { asPathSets }),
});

/** The rules that no schema states. */
function checkRules(config: AgentConfigFile): Issue[] {
  const issues: Issue[] = [];
  for (const field of ['routerId', 'clusterId'] as const) {
    const text = config[field];
    const address = text === undefined ? undefined : tryParseAddress(text);
    // RFC 6286 section 2.1: any four octets but zero.
    if (address && isUnspecified(address)) {
      issues.push({ pointer: `/${field}`, detail: 'is 0.0.0.0; any other IPv4 address will do (RFC 6286)' });
    }
  }
  if (config.api?.listen !== undefined && config.api.tokenFile === undefined) {
    issues.push({
      pointer: '/api/listen',
      detail:
        'serving over TCP needs a token; add tokenFile: PATH beside it, with a secret of 16 characters or more in that file',
    });
  }
  if (config.cni && config.kernel?.program === false) {
    issues.push({
      pointer: '/cni',
      detail: 'plugs pods into the kernel, which kernel.program: false forbids; take one of the two out',
    });
  }
  issues.push(...checkTables(config));
  issues.push(...checkUnique(config.bgp?.listen ?? [], '/bgp/listen'));
  for (const [index, peer] of (config.peers ?? []).entries()) {
    issues.push(...checkPeer(peer, config.asn, libraryOf(config), pointerTo('/peers', index)));
  }
  for (const [index, range] of (config.peerRanges ?? []).entries()) {
    issues.push(...checkPeerRange(range, config.asn, libraryOf(config), pointerTo('/peerRanges', index)));
  }
  const rangeNames = (config.peerRanges ?? []).map(({ name }) => name);
  issues.push(...checkUnique(rangeNames, '/peerRanges', '/name'));
  const ranges = (config.peerRanges ?? []).map(({ prefix }) => prefix);
  issues.push(...checkUnique(ranges, '/peerRanges', '/prefix'));
  issues.push(...checkLibrary(libraryOf(config)));
  issues.push(...checkPeers(config.peers ?? [], '/peers'));
  issues.push(...checkCollectors(config.bmp ?? [], '/bmp'));
  issues.push(...checkEtcd(config));
  issues.push(...checkMrt(config));
  issues.push(...checkPools(config.pools ?? [], '/pools'));
  const prefixes = (config.originate ?? []).map(({ prefix }) => prefix);
  issues.push(...checkUnique(prefixes, '/originate', '/prefix'));
  return issues;
}

const MAIN_TABLE = 254;

function checkTables({ kernel, cni }: AgentConfigFile): Issue[] {
  const { table, rule, vrf } = kernel ?? {};
  const issues: Issue[] = [];
  if (rule !== undefined && table === MAIN_TABLE && vrf === undefined) {
    issues.push({
      pointer: '/kernel/rule',
      detail: 'leads to the main table, which has a rule already; name another "table:"',
    });
  }
  if (vrf === undefined) return issues;
  if (table !== MAIN_TABLE) {
    issues.push({
      pointer: '/kernel/table',
      detail: `is of no use beside "vrf: ${vrf}", which has a table of its own`,
    });
  }
  if (rule !== undefined) {
    issues.push({
      pointer: '/kernel/rule',
      detail: `is of no use beside "vrf: ${vrf}": the kernel has a rule for VRFs`,
    });
  }
  if (cni)
    issues.push({
      pointer: '/cni',
      detail: 'plugs pods in outside of VRFs, beside "kernel.vrf:"; take one of the two out',
    });
  return issues;
}

/** What is of use in pairs alone. */
function checkEtcd({ store }: AgentConfigFile): Issue[] {
  const { etcd } = store ?? {};
  if (!etcd) return [];
  const pairs = [
    ['certFile', 'keyFile'],
    ['keyFile', 'certFile'],
    ['username', 'passwordFile'],
    ['passwordFile', 'username'],
  ] as const;
  return pairs
    .filter(([there, missing]) => etcd[there] !== undefined && etcd[missing] === undefined)
    .map(([there, missing]) => ({ pointer: `/store/etcd/${there}`, detail: `is of no use without "${missing}:"` }));
}

/** Old files are known by their names: dumps and logs in one directory must not take each other for theirs. */
function checkMrt({ mrt }: AgentConfigFile): Issue[] {
  const { dumps, updates } = mrt ?? {};
  if (!dumps || !updates || dumps.directory !== updates.directory || dumps.file !== updates.file) return [];
  return [{ pointer: '/mrt/updates/file', detail: 'is that of the dumps in the same directory; give it another name' }];
}

function checkUnique(texts: readonly string[], at: string, member = ''): Issue[] {
  return texts.flatMap((text, index) =>
    texts.indexOf(text) < index ? [{ pointer: `${at}/${index}${member}`, detail: `${text} is there twice` }] : [],
  );
}
