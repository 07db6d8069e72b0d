/**
 * Finds addresses whose workload is gone and blocks nobody uses, and frees them only behind a second look. Mistakes here
 * would take live addresses, so: a workload that is gone makes its handle a candidate, and only after the grace period a
 * leak; all addresses of a handle go or none; just before, the workload is asked for once more and each address must still
 * be the same assignment. A node that is gone leaks at once. Any number may collect at the same time.
 */
import { formatAddress, formatPrefix, type IpVersion } from '@tortie/ip';
import type { IpamApi } from './ipam.js';
import { freeLeaks, type Leak, type LeakOutcome } from './leaks.js';
import { askedOnce, type Liveness, whyGone } from './liveness.js';
import { LOAD_BALANCER } from './record/block-record.js';
import type { Assignment, BlockView, Finding } from './requests.js';

export interface GarbageOptions {
  readonly ipam: IpamApi;
  readonly liveness: Liveness;
  /** Milliseconds of any clock that does not go back. */
  readonly now: () => number;
  /** 0: nothing ever leaks. Default: `leakGraceS` of the settings. */
  readonly graceMs?: number;
  /** At most so many addresses are freed in one pass. Default 10,000. */
  readonly maxPerPass?: number;
}

export interface CollectOptions {
  /** Frees nothing and says what and why. */
  readonly dryRun?: boolean;
  /** Only what these nodes own and use. Default: everything, and blocks of nobody. */
  readonly nodes?: readonly string[];
}

export interface GarbageReport {
  /** What was freed; in a dry run, what would have been. */
  readonly freed: readonly Finding[];
  /** What will be looked at again. */
  readonly candidates: readonly Finding[];
}

/** One pass. */
interface Pass {
  readonly dryRun: boolean;
  readonly nodes: readonly string[] | undefined;
  readonly graceMs: number;
  readonly seen: Set<string>;
  readonly freed: Finding[];
  readonly candidates: Finding[];
}

/** Remembers since when something has been a candidate; a new one starts counting anew. */
export class Garbage {
  readonly #options: GarbageOptions;
  readonly #since = new Map<string, number>();
  /** Addresses freed so far, by pool. */
  readonly reclaimed = new Map<string, number>();

  constructor(options: GarbageOptions) {
    this.#options = options;
  }

  async collect({ dryRun = false, nodes }: CollectOptions = {}): Promise<GarbageReport> {
    const { ipam, graceMs = (await ipam.config()).leakGraceS * 1000 } = this.#options;
    const pass: Pass = { dryRun, nodes, graceMs, seen: new Set(), freed: [], candidates: [] };
    if (graceMs > 0) {
      await this.#handles(pass);
      await this.#blocks(pass);
    }
    for (const name of this.#since.keys()) if (!pass.seen.has(name)) this.#since.delete(name);
    return { freed: pass.freed, candidates: pass.candidates };
  }

  /** What is leaked at this moment, whatever the grace period. */
  async leaks(nodes?: readonly string[]): Promise<readonly Leak[]> {
    const leaks: Leak[] = [];
    const liveness = askedOnce(this.#options.liveness);
    for (const assignments of await this.#byHandle(nodes)) {
      const reason = await whyGone(liveness, assignments);
      if (reason) for (const one of assignments) leaks.push({ ...one, reason: reason.text });
    }
    return leaks;
  }

  /** Frees what was told to be leaked, where it still is. */
  async release(leaks: readonly Pick<Leak, 'address' | 'handle' | 'sequence'>[]): Promise<LeakOutcome> {
    const outcome = await freeLeaks(this.#options, leaks);
    this.#count(outcome.released);
    return outcome;
  }

  /** Whole handles, also where only a part of one lies with these nodes. */
  async #byHandle(nodes: readonly string[] | undefined): Promise<Iterable<readonly Assignment[]>> {
    const { ipam } = this.#options;
    const some = nodes && (await Promise.all(nodes.map((node) => ipam.assignments({ node })))).flat();
    const byHandle = new Map<string, Assignment[]>();
    for (const assignment of some ?? (await ipam.assignments())) {
      const known = byHandle.get(assignment.handle);
      if (known) known.push(assignment);
      else byHandle.set(assignment.handle, [assignment]);
    }
    return byHandle.values();
  }

  async #handles(pass: Pass): Promise<void> {
    const { maxPerPass = 10_000 } = this.#options;
    // The second look asks anew.
    const liveness = askedOnce(this.#options.liveness);
    let count = 0;
    for (const assignments of await this.#byHandle(pass.nodes)) {
      const reason = await whyGone(liveness, assignments);
      if (!reason) continue;
      const { handle } = assignments[0]!;
      const addresses = assignments.map(({ address }) => formatAddress(address)).join(', ');
      const finding: Finding = { code: 'leaked-address', key: handle, detail: `${addresses}: ${reason.text}` };
      const isDue = this.#isDue(`handle ${handle}`, pass, reason.atOnce);
      if (!isDue || count + assignments.length > maxPerPass) pass.candidates.push(finding);
      else if (pass.dryRun || (await this.#free(assignments))) {
        count += assignments.length;
        pass.freed.push(finding);
      }
    }
  }

  #isDue(name: string, { seen, graceMs }: Pass, atOnce: boolean): boolean {
    const { now } = this.#options;
    seen.add(name);
    const since = this.#since.get(name);
    if (since === undefined) this.#since.set(name, now());
    return atOnce || (since !== undefined && now() - since >= graceMs);
  }

  /** Behind a second look. */
  async #free(assignments: readonly Assignment[]): Promise<boolean> {
    const { released } = await freeLeaks(this.#options, assignments);
    this.#count(released);
    return released.length > 0;
  }

  #count(released: readonly Assignment[]): void {
    for (const { pool = '' } of released) this.reclaimed.set(pool, (this.reclaimed.get(pool) ?? 0) + 1);
  }

  /** Empty blocks: those of nodes that are gone and of nobody, and of live nodes all but the last one. */
  async #blocks(pass: Pass): Promise<void> {
    const { ipam, liveness } = this.#options;
    const { nodes } = pass;
    const blocks = nodes ? (await Promise.all(nodes.map((node) => ipam.blocks({ node })))).flat() : await ipam.blocks();
    const owned = new Map<string, number>();
    const owner = ({ node, cidr }: BlockView): string => `${cidr.version satisfies IpVersion} ${node}`;
    for (const block of blocks) owned.set(owner(block), (owned.get(owner(block)) ?? 0) + 1);
    for (const block of blocks) {
      if (block.assigned > 0 || block.resting > 0) continue;
      const gone = block.node === undefined || (await liveness.node(block.node)) === 'gone';
      const left = owned.get(owner(block))!;
      if (!gone && left === 1 && block.node !== LOAD_BALANCER) continue;
      owned.set(owner(block), left - 1);
      const text = formatPrefix(block.cidr);
      const finding: Finding = { code: 'empty-block', key: text, detail: whyIdle(block, gone, left) };
      if (!this.#isDue(`block ${text} ${block.node} ${block.claimedAt}`, pass, false)) pass.candidates.push(finding);
      else if (pass.dryRun || (await this.#giveUp(block))) pass.freed.push(finding);
    }
  }

  async #giveUp({ node, cidr }: BlockView): Promise<boolean> {
    const { ipam } = this.#options;
    if (node === undefined) return ipam.deleteBlock(cidr);
    try {
      return await ipam.releaseBlock(node, cidr, { mustBeEmpty: true });
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ERR_IPAM_BLOCK') return false;
      throw error;
    }
  }
}

function whyIdle({ node }: BlockView, gone: boolean, left: number): string {
  if (node === undefined) return 'it belongs to nobody and no address of it is used';
  return gone ? `${node} is gone` : `${node} has ${left} blocks and uses no address of this one`;
}
