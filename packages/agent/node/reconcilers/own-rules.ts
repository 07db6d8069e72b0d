/**
 * The rule by which packets look into our table before main: one for each IP version, marked with our protocol. It is made where it
 * is missing, also after somebody has flushed all rules, and one of ours with another priority or table goes. Nothing is removed
 * when the agent ends.
 */
import type { IpVersion } from '@tortie/ip';
import { LinuxError, type Rule } from '@tortie/linux';
import { type Rtnetlink, type Subscription, subscribeEvents } from '@tortie/linux/node';
import type { Journal } from '../journal.js';
import { ReconcileLoop, type Reconciler } from './reconcile-loop.js';

export interface OwnRulesOptions {
  readonly rtnetlink: Rtnetlink;
  readonly journal: Journal;
  readonly ipv6: boolean;
  readonly protocol: number;
  readonly table: number;
  /** Its priority; absent: there shall be none of ours. */
  readonly rule?: number;
}

export class OwnRules implements Reconciler {
  readonly name = 'rules';
  readonly #options: OwnRulesOptions;
  readonly #loop: ReconcileLoop;
  #events: Subscription | undefined;

  private constructor(options: OwnRulesOptions) {
    this.#options = options;
    this.#loop = new ReconcileLoop(this, { journal: options.journal });
  }

  /** With the rule in place. Throws LinuxError where the kernel refuses it. */
  static async start(options: OwnRulesOptions): Promise<OwnRules> {
    const rules = new OwnRules(options);
    await rules.reconcile();
    const again = (): void => rules.#loop.trigger();
    rules.#events = await subscribeEvents({ groups: ['rule'], onEvents: again, onResync: again });
    again();
    return rules;
  }

  async reconcile(): Promise<void> {
    const { ipv6 } = this.#options;
    for (const version of ipv6 ? ([4, 6] as const) : ([4] as const)) await this.#reconcile(version);
  }

  async close(): Promise<void> {
    this.#events?.close();
    await this.#loop.close();
  }

  async #reconcile(version: IpVersion): Promise<void> {
    const { rtnetlink, journal, protocol, table, rule: priority } = this.#options;
    const ours = (await rtnetlink.rules(version)).filter((rule) => rule.protocol === protocol);
    const isWanted = (rule: Rule): boolean =>
      rule.priority === priority && rule.table === table && Object.keys(rule).every((key) => PLAIN.has(key));
    if (priority !== undefined && !ours.some(isWanted)) {
      const text = `IPv${version} packets look into table ${table}, by a rule of priority ${priority}`;
      const tell = (): void => journal.event({ kind: 'fib', text });
      await rtnetlink.addRule({ version, priority, table, protocol }).then(tell, unlessThere);
    }
    for (const rule of ours) {
      if (isWanted(rule)) continue;
      await rtnetlink.deleteRule(rule);
      journal.event({ kind: 'fib', text: `removed a rule of priority ${rule.priority} for table ${rule.table}` });
    }
  }
}

/** What a rule for all packets has. */
const PLAIN: ReadonlySet<string> = new Set(['version', 'priority', 'table', 'protocol']);

/** The same one of somebody else will do. */
const unlessThere = (error: unknown): void => {
  if (!(error instanceof LinuxError && error.errnoName === 'EEXIST')) throw error;
};
