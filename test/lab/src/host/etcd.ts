/** A real member of etcd inside a host; all members of a lab are one cluster. */
import { clientUrl } from '../config/agent-config.js';
import { LabError } from '../errors.js';
import { etcdMembers, type LabPlan } from '../topology/plan.js';
import { until } from '../until.js';
import type { Host } from './host.js';
import type { LabProcess } from './process.js';

const peerUrl = (address: string): string => clientUrl(address).replace(/2379$/, '2380');

/** What a member is started with; `directory` is for its data. Pure. */
export function etcdArguments(plan: LabPlan, name: string, directory: string): string[] {
  const members = etcdMembers(plan);
  const own = members.find((member) => member.name === name);
  if (!own) throw new LabError('ERR_LAB_STATE', `${name} is no member of etcd`);
  return [
    ...['--name', name, '--data-dir', directory],
    // The second is for etcdctl on the host itself.
    ...['--listen-client-urls', `${clientUrl(own.address)},${clientUrl('127.0.0.1')}`],
    ...['--advertise-client-urls', clientUrl(own.address)],
    ...['--listen-peer-urls', peerUrl(own.address), '--initial-advertise-peer-urls', peerUrl(own.address)],
    ...['--initial-cluster', members.map((member) => `${member.name}=${peerUrl(member.address)}`).join(',')],
    ...['--logger', 'zap', '--log-level', 'warn'],
    // All members share one machine, and its disk.
    ...['--heartbeat-interval', '500', '--election-timeout', '5000'],
  ];
}

export class Etcd {
  readonly host: Host;
  readonly #args: readonly string[];
  #process: LabProcess;

  private constructor(host: Host, args: readonly string[]) {
    this.host = host;
    this.#args = args;
    this.#process = this.#spawn();
  }

  /** Resolves when the member answers, which it does when most of them are there. */
  static async start(host: Host, plan: LabPlan): Promise<Etcd> {
    const etcd = new Etcd(host, etcdArguments(plan, host.name, host.path('etcd')));
    await etcd.#answers();
    return etcd;
  }

  #spawn(): LabProcess {
    return this.host.spawn('etcd', this.#args, { name: 'etcd' });
  }

  async #answers(): Promise<void> {
    await until(
      async () => {
        if (this.#process.ended !== undefined) return true;
        const asked = await this.host.exec('etcdctl', ['endpoint', 'health'], { allowFailure: true });
        return asked.code === 0;
      },
      { what: `etcd on ${this.host.name}`, deadlineMs: 60_000, everyMs: 100 },
    );
    this.#process.assertRunning();
  }

  get process(): LabProcess {
    return this.#process;
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<string> {
    return this.#process.stop(signal);
  }

  /** Starts it again with the data it had. */
  async start(): Promise<void> {
    if (this.#process.ended === undefined) throw new LabError('ERR_LAB_PROCESS', 'etcd still runs; stop it first');
    this.#process = this.#spawn();
    await this.#answers();
  }
}
