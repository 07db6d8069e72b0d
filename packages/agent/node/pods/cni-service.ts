/** CNI on this node: the plugin's calls -> what is done with pods -> results in the version asked for. */
import {
  type AddRequest,
  type Answer,
  addResult,
  CniError,
  type CniRequest,
  type CniVersion,
  errorResult,
  type Invocation,
  isCommand,
  NEWEST_VERSION,
  parseNetworkConfig,
  readRequest,
  versionOf,
} from '@tortie/cni';
import { formatAddress, parseAddress } from '@tortie/ip';
import type { Link, NetworkSettings } from '@tortie/linux';
import type { Subscription } from '@tortie/linux/node';
import type { Pod } from '../../src/api/pod.js';
import { cniFailureOf } from '../../src/pods/cni-failure.js';
import { GATEWAYS, HOST_MAC } from '../../src/pods/gateway.js';
import { isHostInterface } from '../../src/pods/names.js';
import type { Journal } from '../journal.js';
import type { PodLinkChange } from '../reconcilers/links.js';
import { ReconcileLoop } from '../reconcilers/reconcile-loop.js';
import { CniServer } from './cni-server.js';
import { watchSettings } from './forwarding.js';
import { isAsMade, judgeSettings } from './host-end.js';
import { watchPodRoutes } from './pod-routes.js';
import { Pods, type PodsOptions } from './pods.js';

export interface CniServiceOptions extends PodsOptions {
  readonly socket: string;
  readonly linkName: (ifindex: number) => string | undefined;
}

const SETTLE_MS = 1000;
const GATEWAY = formatAddress(GATEWAYS[4]);

export class CniService {
  readonly pods: Pods;
  readonly loop: ReconcileLoop;
  /** Calls so far by command and code of the specification, 0 for success: `ADD 0`. */
  readonly calls: ReadonlyMap<string, number>;
  readonly #options: CniServiceOptions;
  readonly #server: CniServer;
  readonly #subscriptions: Subscription[] = [];
  /** Interfaces and addresses, with what of them was last seen otherwise than it shall be. */
  readonly #amiss = new Map<string, Set<string>>();
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    options: CniServiceOptions,
    pods: Pods,
    loop: ReconcileLoop,
    server: CniServer,
    calls: ReadonlyMap<string, number>,
  ) {
    this.calls = calls;
    this.#options = options;
    this.pods = pods;
    this.loop = loop;
    this.#server = server;
  }

  /** Resolves when the plugin is answered: what an earlier run left half done has been taken back before. */
  static async start(options: CniServiceOptions): Promise<CniService> {
    const { journal } = options;
    const pods = await Pods.open(options);
    const loop = new ReconcileLoop(pods, { journal });
    await loop.settle();
    const calls = new Calls(pods, loop, options);
    const server = await CniServer.listen({
      path: options.socket,
      answer: (invocation) => calls.answer(invocation),
      refuse: (error) => calls.failed(error, NEWEST_VERSION),
    });
    const service = new CniService(options, pods, loop, server, calls.counts);
    await service.#watch();
    journal.log.info({ socket: options.socket, pods: pods.list().length }, 'the CNI plugin is answered');
    return service;
  }

  async #watch(): Promise<void> {
    const { rtnetlink, linkName } = this.#options;
    const again = () => this.loop.trigger();
    const onInterface = (settings: NetworkSettings & { readonly ifindex: number }): void => {
      const name = linkName(settings.ifindex);
      if (name === undefined || !isHostInterface(name)) return;
      for (const [what, ok] of judgeSettings(settings)) this.#lookAt(name, what, ok);
    };
    this.#subscriptions.push(await watchSettings(again, onInterface));
    const onRoutes = (addresses: readonly string[]): void => {
      for (const address of addresses) this.#lookAt(address, 'route', false);
    };
    this.#subscriptions.push(await watchPodRoutes(rtnetlink, onRoutes, again));
    again();
  }

  /** Why pods may not be plugged in, as a sentence. */
  get problem(): string | undefined {
    const { error } = this.loop;
    return error && `The links of pods could not be looked after: ${error.message}`;
  }

  /** The host's end of a pod's link changed. */
  linkChanged(link: Link, change: PodLinkChange): void {
    const { name } = link;
    const pod = this.pods.list().find(({ hostInterface }) => hostInterface === name);
    if (change === 'address') this.#lookAt(name, 'address', false);
    else this.#lookAt(name, 'link', change === 'changed' && isAsMade(link, pod?.mtu));
  }

  /**
   * An interface or address, and what of it changed. What is amiss may be a part of an ADD or DEL under way: what still is so a moment
   * later, and belongs to a pod, is looked into. Routes go with the link in a DEL, too: then the pod is known no more.
   */
  #lookAt(one: string, what: string, ok: boolean): void {
    const amiss = this.#amiss.get(one) ?? new Set();
    if (ok) amiss.delete(what);
    else amiss.add(what);
    if (amiss.size > 0) this.#amiss.set(one, amiss);
    else this.#amiss.delete(one);
    if (!ok) this.#timer ??= setTimeout(() => this.#lookInto(), SETTLE_MS);
  }

  #lookInto(): void {
    this.#timer = undefined;
    const amiss = new Set(this.#amiss.keys());
    this.#amiss.clear();
    const isAmiss = (one: string): boolean => amiss.has(one);
    const { strangers } = this.pods;
    const pods = this.pods.list();
    if (
      isAmiss(GATEWAY) ||
      [...pods, ...strangers].some(({ hostInterface }) => isAmiss(hostInterface)) ||
      pods.some(({ addresses }) => addresses.some(isAmiss))
    )
      this.loop.trigger();
  }

  /** Calls under way end first; pods stay as they are. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.close();
    await this.#server.close();
    await this.pods.idle();
    await this.loop.close();
    this.#options.journal.log.debug('the CNI plugin is no longer answered');
  }
}

class Calls {
  readonly counts = new Map<string, number>();
  readonly #pods: Pods;
  readonly #loop: ReconcileLoop;
  readonly #options: CniServiceOptions;
  readonly #journal: Journal;

  constructor(pods: Pods, loop: ReconcileLoop, options: CniServiceOptions) {
    this.#pods = pods;
    this.#loop = loop;
    this.#options = options;
    this.#journal = options.journal;
  }

  async answer(invocation: Invocation): Promise<Answer> {
    let version: CniVersion = NEWEST_VERSION;
    try {
      const fields = parseNetworkConfig(Buffer.from(invocation.stdin).toString());
      version = versionOf(fields);
      const result = await this.#carryOut(readRequest(invocation, fields));
      this.#count(invocation.command, 0);
      return { exitStatus: 0, stdout: result === undefined ? '' : `${JSON.stringify(result)}\n` };
    } catch (error) {
      const { command, containerId } = invocation;
      return this.failed(error, version, { command, containerId });
    }
  }

  failed(error: unknown, version: CniVersion, call: Partial<Invocation> = {}): Answer {
    const { failure, unexpected } = cniFailureOf(error);
    this.#count(isCommand(call.command) ? call.command : 'none', failure.number);
    const text = `CNI ${call.command ?? 'call'} failed`;
    if (unexpected) this.#journal.problem(text, error as Error);
    else if (failure.code !== 'ERR_CNI_NOT_AVAILABLE') {
      const subject = call.containerId?.slice(0, 64);
      this.#journal.event({ kind: 'pod', text, cause: failure.message, ...(subject && { subject }) }, 'warn');
    }
    return { exitStatus: 1, stdout: `${JSON.stringify(errorResult(version, failure))}\n` };
  }

  #count(command: string, code: number): void {
    const key = `${command} ${code}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  /** What is printed; undefined: nothing. */
  async #carryOut(request: CniRequest): Promise<unknown> {
    switch (request.command) {
      case 'ADD':
        return resultOf(request.version, await this.#pods.add(request), request.settings.dns);
      case 'CHECK':
        return this.#pods.check(request);
      case 'DEL':
        return this.#pods.remove(request.attachment);
      case 'GC':
        return this.#pods.collect(request.network, request.valid);
      case 'STATUS':
        return this.#assertAvailable();
    }
  }

  /** Throws CniError `ERR_CNI_NOT_AVAILABLE` where no ADD can succeed. */
  async #assertAvailable(): Promise<void> {
    const { ipam } = this.#options;
    const fault =
      this.#loop.error?.message ?? ((await ipam.pools.list()).length === 0 ? 'there is no pool' : undefined);
    if (fault !== undefined) throw new CniError('ERR_CNI_NOT_AVAILABLE', `no pod can be plugged in: ${fault}`);
  }
}

const resultOf = (version: CniVersion, pod: Pod, dns: AddRequest['settings']['dns']): unknown =>
  addResult(version, {
    hostInterface: { name: pod.hostInterface, mac: HOST_MAC },
    podInterface: { name: pod.ifName, mac: pod.mac, netns: pod.netns },
    mtu: pod.mtu,
    addresses: pod.addresses.map(parseAddress),
    gateways: GATEWAYS,
    dns,
  });
