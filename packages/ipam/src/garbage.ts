/**
 * Finds addresses whose workload is gone and blocks nobody uses, and frees them only behind a second look. Mistakes here
 * would take live addresses, so: a workload that is gone makes its handle a candidate, and only after the grace period a
 * leak; all addresses of a handle go or none; just before, the workload is asked for once more and each address must still
 * be the same assignment. A node that is gone leaks at once.
 */
import { formatAddress, formatPrefix, type IpVersion } from '@tortie/ip';
import type { IpamApi } from './ipam.js';
import type { Assignment, BlockView, Finding } from './requests.js';

/** What the caller knows of those who use addresses. `unknown` counts as alive. */
export interface Liveness {
  node(name: string): Promise<'alive' | 'gone' | 'unknown'>;
  workload(handle: string, assignment: Assignment): Promise<'alive' | 'gone' | 'unknown'>;
}

export interface GarbageOptions {
  readonly ipam: IpamApi;
  readonly liveness: Liveness;
  readonly now: () => number;
  /** Default 15 minutes. */
  readonly graceMs?: number;
  /** At most so many addresses are freed in one pass. Default 10,000. */
  readonly maxPerPass?: number;
}

export interface GarbageReport {
  /** What was freed; in a dry run, what would have been. */
  readonly freed: readonly Finding[];
  /** What will be looked at again. */
  readonly candidates: readonly Finding[];
}

/** Remembers since when something has been a candidate; a new one starts counting anew. */
export class Garbage {
  readonly #options: Required<GarbageOptions>;
  readonly #since = new Map<string, number>();

  constructor(options: GarbageOptions) {
    this.#options = { graceMs: 15 * 60_000, maxPerPass: 10_000, ...options };
  }

  /** One pass. A dry run frees nothing and says what and why. */
  async collect({ dryRun = false }: { readonly dryRun?: boolean } = {}): Promise<GarbageReport> {
    const freed: Finding[] = [];
    const candidates: Finding[] = [];
    const seen = new Set<string>();
    await this.#handles(dryRun, seen, freed, candidates);
    await this.#blocks(dryRun, seen, freed, candidates);
    for (const name of this.#since.keys()) if (!seen.has(name)) this.#since.delete(name);
    return { freed, candidates };
  }

  async #handles(dryRun: boolean, seen: Set<string>, freed: Finding[], candidates: Finding[]): Promise<void> {
    const { ipam, maxPerPass } = this.#options;
    const byHandle = new Map<string, Assignment[]>();
    for (const assignment of await ipam.assignments()) {
      const known = byHandle.get(assignment.handle);
      if (known) known.push(assignment);
      else byHandle.set(assignment.handle, [assignment]);
    }
    let count = 0;
    for (const [handle, assignments] of byHandle) {
      const reason = await this.#whyGone(assignments);
      if (!reason) continue;
      const addresses = assignments.map(({ address }) => formatAddress(address)).join(', ');
      const finding: Finding = { code: 'leaked-address', key: handle, detail: `${addresses}: ${reason.text}` };
      const isDue = this.#isDue(`handle ${handle}`, seen, reason.atOnce);
      if (!isDue || count + assignments.length > maxPerPass) candidates.push(finding);
      else if (dryRun || (await this.#free(assignments))) {
        count += assignments.length;
        freed.push(finding);
      }
    }
  }

  /** Undefined where any address of the handle may be in use. */
  async #whyGone(assignments: readonly Assignment[]): Promise<{ text: string; atOnce: boolean } | undefined> {
    const { liveness } = this.#options;
    let atOnce = true;
    for (const assignment of assignments) {
      if ((await liveness.node(assignment.node)) === 'gone') continue;
      atOnce = false;
      if ((await liveness.workload(assignment.handle, assignment)) !== 'gone') return undefined;
    }
    const nodes = [...new Set(assignments.map(({ node }) => node))].join(', ');
    return { atOnce, text: atOnce ? `node ${nodes} is gone` : `its workload on ${nodes} is gone` };
  }

  #isDue(name: string, seen: Set<string>, atOnce: boolean): boolean {
    const { now, graceMs } = this.#options;
    seen.add(name);
    const since = this.#since.get(name);
    if (since === undefined) this.#since.set(name, now());
    return atOnce || (since !== undefined && now() - since >= graceMs);
  }

  /** The second look, then the release; an address that was assigned anew meanwhile refuses by its sequence number. */
  async #free(assignments: readonly Assignment[]): Promise<boolean> {
    const { ipam } = this.#options;
    const [first] = assignments;
    const present = await ipam.assignments({ handle: first!.handle });
    const same = (one: Assignment): boolean =>
      assignments.some(
        ({ sequence, address }) => sequence === one.sequence && formatAddress(address) === formatAddress(one.address),
      );
    if (present.length !== assignments.length || !present.every(same)) return false;
    if (!(await this.#whyGone(present))) return false;
    for (const { address, handle, sequence } of present) await ipam.release({ address, handle, sequence });
    return true;
  }

  /** Empty blocks: those of nodes that are gone, and of live nodes all but the last one. */
  async #blocks(dryRun: boolean, seen: Set<string>, freed: Finding[], candidates: Finding[]): Promise<void> {
    const { ipam, liveness } = this.#options;
    const blocks = await ipam.blocks();
    const owned = new Map<string, number>();
    const owner = ({ node, cidr }: BlockView): string => `${cidr.version satisfies IpVersion} ${node}`;
    for (const block of blocks) owned.set(owner(block), (owned.get(owner(block)) ?? 0) + 1);
    for (const block of blocks) {
      if (block.assigned > 0 || block.resting > 0 || block.node === undefined) continue;
      const gone = (await liveness.node(block.node)) === 'gone';
      const left = owned.get(owner(block))!;
      if (!gone && left === 1) continue;
      owned.set(owner(block), left - 1);
      const text = formatPrefix(block.cidr);
      const finding: Finding = {
        code: 'empty-block',
        key: text,
        detail: gone ? `${block.node} is gone` : `${block.node} has ${left} blocks and uses no address of this one`,
      };
      if (!this.#isDue(`block ${text} ${block.node} ${block.claimedAt}`, seen, false)) candidates.push(finding);
      else if (dryRun || (await this.#giveUp(block))) freed.push(finding);
    }
  }

  async #giveUp({ node, cidr }: BlockView): Promise<boolean> {
    try {
      return await this.#options.ipam.releaseBlock(node!, cidr, { mustBeEmpty: true });
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ERR_IPAM_BLOCK') return false;
      throw error;
    }
  }
}
