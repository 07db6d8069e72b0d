/**
 * Whether packets to pods of other nodes go by the routes that this node has for them. Routes of others are not ours to take away:
 * one of a lower metric, or to a part of a block, takes packets without a word. It is asked for as the kernel is asked for a way, at the ends of
 * each block, and where somebody has made a route inside of a pool.
 */
import { addressBits, counted, formatPrefix, lastAddress, type Prefix, prefixCovers, prefixOf } from '@tortie/ip';
import type { IpamApi, NodePrefix } from '@tortie/ipam';
import type { Route } from '@tortie/linux';
import type { Rtnetlink } from '@tortie/linux/node';
import type { FibEntry } from '../../src/fib/fib-entry.js';
import type { FibTable } from '../../src/fib/fib-table.js';
import { deletionOf, routeText } from '../../src/fib/route-text.js';
import type { Journal } from '../journal.js';
import type { Reconciler } from '../reconcilers/reconcile-loop.js';
import { foreignRoutesTo } from './foreign-route.js';

export interface BlockRoutesOptions {
  readonly node: string;
  readonly ipam: Pick<IpamApi, 'pools' | 'nodePrefixes'>;
  readonly rtnetlink: Rtnetlink;
  /** Of our routes. */
  readonly protocol: number;
  readonly fib: Pick<FibTable, 'get' | 'walk'>;
  readonly linkName: (ifindex: number) => string | undefined;
  readonly journal: Journal;
}

export interface RouteProblem {
  readonly code: 'route-taken' | 'block-unreachable' | 'route-inside-block';
  /** Prefixes as text. */
  readonly subject: string;
  readonly text: string;
  readonly remedy: string;
}

/** Questions that go to the kernel together. */
const AT_ONCE = 256;
/** Routes of others inside of pools that are remembered, the newest ones. */
const MOST_HEARD = 1000;
/** Problems that are told of; where one route takes packets to all blocks, a few of them say it. */
const MOST_TOLD = 32;
const NAMED = 3;

interface Question {
  /** Has a route of ours in the kernel. */
  readonly ours: Prefix;
  readonly address: Prefix;
}

export class BlockRoutes implements Reconciler {
  readonly name = 'block-routes';
  readonly #options: BlockRoutesOptions;
  /** By the prefix of our route. */
  #taken = new Map<string, RouteProblem>();
  readonly #heard = new Map<string, Prefix>();
  #pools: readonly Prefix[] = [];

  constructor(options: BlockRoutesOptions) {
    this.#options = options;
  }

  /** Routes of ours that packets do not go by, wholly or in part. */
  get taken(): readonly RouteProblem[] {
    return [...this.#taken.values()];
  }

  /** The same of one of them. */
  takenFrom(prefix: Prefix): string | undefined {
    return this.#taken.get(formatPrefix(prefix))?.text;
  }

  /** Others have made or taken away a route; whether that is worth another look. */
  heard(prefix: Prefix): boolean {
    if (!this.#pools.some((pool) => prefixCovers(pool, prefix))) return false;
    const text = formatPrefix(prefix);
    this.#heard.delete(text);
    if (this.#heard.size >= MOST_HEARD) this.#heard.delete(this.#heard.keys().next().value!);
    this.#heard.set(text, prefix);
    return true;
  }

  async reconcile(): Promise<void> {
    this.#pools = (await this.#options.ipam.pools.list()).map(({ cidr }) => cidr);
    const questions = [...(await this.#ends()), ...this.#insideOfOurs()];
    const taken = new Map<string, RouteProblem>();
    const tell = (question: Question, found: Route | undefined): void => {
      const problem = this.#problemOf(question, found);
      if (problem && taken.size < MOST_TOLD && !taken.has(problem.subject)) taken.set(problem.subject, problem);
    };
    const { rtnetlink } = this.#options;
    const unanswered: Question[] = [];
    for (let at = 0; at < questions.length && taken.size < MOST_TOLD; at += AT_ONCE) {
      const some = questions.slice(at, at + AT_ONCE);
      const found = await Promise.all(some.map(({ address }) => rtnetlink.matchingRoute(address)));
      for (const [index, question] of some.entries()) {
        if (found[index]) tell(question, found[index]);
        else if (unanswered.length < MOST_TOLD) unanswered.push(question);
      }
    }
    const addresses = unanswered.map(({ address }) => address);
    const behind = await foreignRoutesTo(rtnetlink, addresses, (route) => this.#isOurs(route));
    for (const [index, question] of unanswered.entries()) tell(question, behind[index]);
    this.#tell(taken);
    this.#taken = taken;
  }

  /** What only the blocks of all nodes tell: looked for when somebody wants to know. */
  async examine(): Promise<RouteProblem[]> {
    const { ipam, node } = this.#options;
    const others = (await ipam.nodePrefixes()).filter((one) => one.node !== node);
    return [...(await this.#unreachable(others)), ...(await this.#insideOfOthers(others))];
  }

  /** Routes that came by BGP to a part of a block, and that its node does not know of. */
  async #insideOfOthers(others: readonly NodePrefix[]): Promise<RouteProblem[]> {
    const owners = new Map(others.map(({ prefix, node }) => [formatPrefix(prefix), node]));
    const problems: RouteProblem[] = [];
    for await (const { prefix } of this.#routes()) {
      const subject = formatPrefix(prefix);
      if (owners.has(subject) || problems.length >= MOST_TOLD) continue;
      for (let length = prefix.length - 1; length > 0; length--) {
        const block = formatPrefix(prefixOf(prefix, length));
        const owner = owners.get(block);
        if (owner === undefined) continue;
        const text = `packets to ${subject} go by BGP, although it is a part of block ${block} of node ${owner}, and no address there is used elsewhere`;
        const remedy = `tortie routes --why ${subject} tells from whom it comes: have it announced no more, or refuse it with a BGPFilter`;
        problems.push({ code: 'route-inside-block', subject, text, remedy });
        break;
      }
    }
    return problems;
  }

  /** Blocks of other nodes that nothing leads to, by IP version. */
  async #unreachable(others: readonly NodePrefix[]): Promise<RouteProblem[]> {
    const { rtnetlink } = this.#options;
    const lost: NodePrefix[] = [];
    for (let at = 0; at < others.length; at += AT_ONCE) {
      const some = others.slice(at, at + AT_ONCE);
      const ways = await Promise.all(some.map(({ prefix }) => rtnetlink.matchingRoute(lastAddress(prefix))));
      lost.push(...some.filter((_, index) => ways[index] === undefined));
    }
    return ([4, 6] as const).flatMap((version) => {
      const own = lost.filter(({ prefix }) => prefix.version === version);
      if (own.length === 0) return [];
      const some = own.slice(0, NAMED).map(({ prefix, node: other }) => `${formatPrefix(prefix)} of ${other}`);
      const more = own.length > NAMED ? `, and ${own.length - NAMED} more` : '';
      const first = formatPrefix(own[0]!.prefix);
      return {
        code: 'block-unreachable' as const,
        subject: first,
        text: `nothing leads to ${counted(own.length, 'block')} of other nodes over IPv${version}: ${some.join(', ')}${more}`,
        remedy: `tortie routes --why ${first} tells what is missing; routes of blocks come by BGP from nodes and routers (a mesh over IPv6 wants cluster.families), or by a way of the pool`,
      };
    });
  }

  /** The first and the last address of each block of others that has a route. */
  async #ends(): Promise<Question[]> {
    const questions: Question[] = [];
    for await (const { prefix } of this.#routes()) {
      const last = lastAddress(prefix);
      const bits = addressBits(prefix.version);
      questions.push({ ours: prefix, address: prefixOf(prefix, bits) });
      if (prefix.length < bits) questions.push({ ours: prefix, address: prefixOf(last, bits) });
    }
    return questions;
  }

  /** Routes of ours into pools that lead somewhere. Lets others have the event loop between pieces. */
  async *#routes(): AsyncGenerator<FibEntry> {
    let count = 0;
    for (const entry of this.#options.fib.walk()) {
      if (++count % AT_ONCE === 0) await new Promise(setImmediate);
      if (entry.target?.kind === 'unicast' && entry.state === 'installed' && this.#inPool(entry.prefix)) yield entry;
    }
  }

  #insideOfOurs(): Question[] {
    const { fib } = this.#options;
    return [...this.#heard.values()].flatMap((prefix) => {
      if (!this.#inPool(prefix)) return [];
      for (let length = prefix.length; length > 0; length--) {
        const entry = fib.get(prefixOf(prefix, length));
        if (entry?.target === undefined || entry.state !== 'installed') continue;
        if (entry.target.kind === 'blackhole') return [];
        return { ours: entry.prefix, address: prefixOf(prefix, addressBits(prefix.version)) };
      }
      return [];
    });
  }

  #inPool(prefix: Prefix): boolean {
    return this.#pools.some((pool) => prefixCovers(pool, prefix));
  }

  #isOurs({ protocol }: Route): boolean {
    return protocol === this.#options.protocol;
  }

  #problemOf({ ours }: Question, found: Route | undefined): RouteProblem | undefined {
    const { linkName } = this.#options;
    if (!found || this.#isOurs(found)) return undefined;
    const subject = formatPrefix(ours);
    const part = found.prefix.length > ours.length ? `a part of ${subject}` : subject;
    return {
      code: 'route-taken',
      subject,
      text: `packets to ${part} go by a route of others, ${routeText(found, linkName)}, before the one of this agent`,
      remedy: `${deletionOf(found)}, and have whoever made it leave pools of pods alone`,
    };
  }

  #tell(taken: ReadonlyMap<string, RouteProblem>): void {
    const { journal } = this.#options;
    for (const { subject, text, remedy } of taken.values()) {
      if (this.#taken.get(subject)?.text === text) continue;
      journal.event({ kind: 'fib', subject, text, cause: `remedy: ${remedy}` }, 'warn');
    }
    for (const { subject } of this.#taken.values()) {
      if (!taken.has(subject))
        journal.event({ kind: 'fib', subject, text: `packets to ${subject} go by our route again` });
    }
  }
}
