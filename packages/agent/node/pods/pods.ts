/**
 * The pods of this node: their addresses and links.
 *
 *     ADD   addresses, with what they are for ──► pod's end ──► host's end ──► answer      a failure takes all back
 *     DEL   link ──► addresses
 *
 * One commit each. The host's end is switched on and gets its alias last: where the kernel has it so, an ADD was done;
 * addresses without that are the rest of an ADD that was cut off, by kill -9 too, and are taken back when the agent starts.
 */
import { type AddRequest, type Attachment, type CheckRequest, CniError, type PreviousResult } from '@tortie/cni';
import { counted, formatAddress, hostPrefix, parseAddress } from '@tortie/ip';
import type { Assignment, IpamApi } from '@tortie/ipam';
import { type Link, SCOPE } from '@tortie/linux';
import type { Rtnetlink } from '@tortie/linux/node';
import type { Pod } from '../../src/api/pod.js';
import { GATEWAYS, HOST_MAC } from '../../src/pods/gateway.js';
import { handleOf, hostInterfaceOf, isHostInterface } from '../../src/pods/names.js';
import { factsOf, isSame, nameOf, podOf } from '../../src/pods/pod-facts.js';
import type { Journal } from '../journal.js';
import type { Reconciler } from '../reconcilers/reconcile-loop.js';
import { ensureForwarding } from './forwarding.js';
import { mendHostEnd } from './host-end.js';
import { KeyedTurns } from './keyed-turns.js';
import { takeAddresses } from './pod-addresses.js';
import { aliasOf, findFaults, plugPod, type RouteMark, unplugPod } from './pod-link.js';
import { PodNetns } from './pod-netns.js';
import { type PodProblem, PodProblems } from './pod-problems.js';
import { ensureRoute } from './pod-routes.js';

export interface PodsOptions {
  readonly node: string;
  readonly ipam: IpamApi;
  readonly rtnetlink: Rtnetlink;
  readonly mark: RouteMark;
  readonly journal: Journal;
  /** MTU of links whose configuration names none. */
  readonly mtu: () => Promise<number>;
  /** Resolves when others can reach these addresses. */
  readonly announced: (assignments: readonly Assignment[]) => Promise<void>;
}

export class Pods implements Reconciler {
  readonly name = 'pods';
  readonly #options: PodsOptions;
  /** By handle. */
  readonly #pods = new Map<string, Pod>();
  readonly #turns = new KeyedTurns();
  readonly problems: PodProblems;
  /** Alias by interface. */
  readonly #strangers = new Map<string, string>();

  private constructor(options: PodsOptions) {
    this.#options = options;
    this.problems = new PodProblems(options.journal);
  }

  /** Knows the pods of earlier runs. */
  static async open(options: PodsOptions): Promise<Pods> {
    const pods = new Pods(options);
    const links = await pods.#links();
    for (const [handle, pod] of await pods.#assigned()) {
      if (isPlugged(links.get(pod.hostInterface))) pods.#pods.set(handle, pod);
    }
    await pods.#findStrangers(links);
    return pods;
  }

  /** Interfaces of pods that run, and of whose addresses the store knows nothing, with the names of the pods where they are told. */
  get strangers(): readonly { readonly hostInterface: string; readonly name: string }[] {
    return [...this.#strangers].map(([hostInterface, name]) => ({ hostInterface, name }));
  }

  list(): readonly Pod[] {
    return [...this.#pods.values()];
  }

  /** Plugs a pod in; one that is plugged in already stays as it is. Throws CniError, IpamError, LinuxError, StoreError. */
  add(request: AddRequest): Promise<Pod> {
    const handle = handleOf(request.attachment);
    return this.#turns.take(handle, async () => {
      const netns = PodNetns.open(request.netns);
      try {
        const known = this.#pods.get(handle);
        if (known && (await this.#faultsOf(known, netns)).length === 0) return known;
        return await this.#plug(handle, request, netns);
      } catch (error) {
        await this.#takeBack(handle);
        throw error;
      } finally {
        await netns.close();
      }
    });
  }

  /** Takes a pod away; what is gone already is fine. */
  remove(attachment: Attachment): Promise<void> {
    const handle = handleOf(attachment);
    return this.#turns.take(handle, () => this.#remove(handle));
  }

  /** Throws CniError `ERR_CNI_BROKEN` with everything that is missing. */
  async check({ attachment, netns: path, previous }: CheckRequest): Promise<void> {
    const pod = this.#pods.get(handleOf(attachment));
    if (!pod) {
      const { containerId, ifName, network } = attachment;
      throw new CniError(
        'ERR_CNI_CONTAINER',
        `container ${containerId} has no ${ifName} in network ${network} on this node`,
      );
    }
    const netns = PodNetns.open(path);
    try {
      const faults = [...contradictions(pod, previous), ...(await this.#faultsOf(pod, netns))];
      if (faults.length > 0) throw new CniError('ERR_CNI_BROKEN', faults.join('; '));
    } finally {
      await netns.close();
    }
  }

  /** Takes away all pods of a network but the valid ones. Goes on where one fails, and throws then. */
  async collect(network: string, valid: readonly Attachment[]): Promise<void> {
    const stay = new Set(valid.map(handleOf));
    const stale = this.list().filter((pod) => pod.network === network && !stay.has(handleOf(pod)));
    const failures: unknown[] = [];
    for (const pod of stale) {
      try {
        await this.remove(pod);
        this.#tell(pod, 'was taken away', 'the runtime no longer knows it (GC)');
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Makes the kernel fit what is known: after a start, and when interfaces come and go. */
  async reconcile(): Promise<void> {
    await this.#prepareHost();
    await this.#takeBackHalves();
    const links = await this.#links();
    this.#forgetStrangers(links);
    for (const pod of this.list()) {
      const link = links.get(pod.hostInterface) ?? (await this.#renamedBack(pod, links));
      if (link) await this.#mend(pod, link);
      else if (!PodNetns.isThere(pod.netns)) await this.#forget(pod);
      else await this.#tellCutOff(pod);
    }
  }

  /** Resolves when no call is under way. */
  idle(): Promise<void> {
    return this.#turns.idle();
  }

  async #plug(handle: string, request: AddRequest, netns: PodNetns): Promise<Pod> {
    const { ipam, node, rtnetlink, mark, mtu, announced } = this.#options;
    const facts = factsOf(request, await mtu());
    let assignments = await takeAddresses(ipam, node, request, facts);
    // Those of an earlier ADD into another namespace, or with other settings: what is kept with them is no longer so.
    if (!isSame(assignments[0]!.owner, facts)) {
      await ipam.release({ handle });
      assignments = await takeAddresses(ipam, node, request, facts);
    }
    const pod = podOf(assignments)!;
    const link = { ...pod, netns, addresses: pod.addresses.map(parseAddress), alias: nameOf(pod) };
    await Promise.all([plugPod(rtnetlink, mark, link), announced(assignments)]);
    this.#pods.set(handle, pod);
    this.#tell(pod, `has ${pod.addresses.join(' and ')} on ${pod.hostInterface}`);
    return pod;
  }

  async #remove(handle: string): Promise<void> {
    const { ipam } = this.#options;
    await unplugPod(hostInterfaceOf(handle));
    await ipam.release({ handle });
    const pod = this.#pods.get(handle);
    this.#pods.delete(handle);
    this.problems.forget(hostInterfaceOf(handle));
    if (pod) this.#tell(pod, `is gone; ${pod.addresses.join(' and ')} are free again`);
  }

  /** After a failure, whose error is what the runtime needs. What cannot be taken back now is when the agent looks again. */
  async #takeBack(handle: string): Promise<void> {
    try {
      await this.#remove(handle);
    } catch (error) {
      this.#options.journal.problem(`taking back what was done for ${handle} failed`, error as Error);
    }
  }

  /** Addresses for pods that are not plugged in: their ADD was cut off. */
  async #takeBackHalves(): Promise<void> {
    const { ipam } = this.#options;
    for (const [handle, pod] of await this.#assigned()) {
      // In its turn: an ADD of it may be under way.
      await this.#turns.take(handle, async () => {
        if (this.#pods.has(handle) || (await ipam.assignments({ handle })).length === 0) return;
        await this.#remove(handle);
        const cause = PodNetns.isThere(pod.netns) ? 'its ADD was cut off' : 'its network namespace is gone';
        this.#tell(pod, `is not plugged in; ${pod.addresses.join(' and ')} are free again`, cause);
      });
    }
  }

  /** All interfaces of pods that address management knows of on this node, by handle. */
  async #assigned(): Promise<Map<string, Pod>> {
    const { ipam, node } = this.#options;
    const byHandle = new Map<string, Assignment[]>();
    for (const assignment of await ipam.assignments({ node })) {
      const present = byHandle.get(assignment.handle);
      if (present) present.push(assignment);
      else byHandle.set(assignment.handle, [assignment]);
    }
    const pods = new Map<string, Pod>();
    for (const [handle, assignments] of byHandle) {
      const pod = podOf(assignments);
      if (pod) pods.set(handle, pod);
    }
    return pods;
  }

  /** Looked for before the first ADD: later a link may be that of one under way. */
  async #findStrangers(links: ReadonlyMap<string, Link>): Promise<void> {
    const known = new Set(this.list().map(({ hostInterface }) => hostInterface));
    const strange = [...links.values()].filter(
      (link) => isHostInterface(link.name) && isPlugged(link) && !known.has(link.name),
    );
    if (strange.length === 0) return;
    // Another agent of this host may have plugged them in.
    const handles = (await this.#options.ipam.assignments()).map(({ handle }) => hostInterfaceOf(handle));
    const assigned = new Set(handles);
    for (const { name, alias } of strange) if (!assigned.has(name)) this.#strangers.set(name, alias ?? name);
    if (this.#strangers.size === 0) return;
    const text = `${counted(this.#strangers.size, 'pod runs', 'pods run')} with addresses that the store does not know: ${[...this.#strangers.values()].slice(0, 5).join(', ')}`;
    this.#options.journal.event({ kind: 'pod', text }, 'error');
  }

  #forgetStrangers(links: ReadonlyMap<string, Link>): void {
    for (const name of this.#strangers.keys()) if (!links.has(name)) this.#strangers.delete(name);
    for (const { hostInterface } of this.list()) this.#strangers.delete(hostInterface);
  }

  async #links(): Promise<Map<string, Link>> {
    return new Map((await this.#options.rtnetlink.links()).map((link) => [link.name, link]));
  }

  /** Settings and switches first: routes go with a link that is switched off. */
  async #mend(pod: Pod, link: Link): Promise<void> {
    const { rtnetlink, mark } = this.#options;
    const addresses = pod.addresses.map(parseAddress);
    await this.#turns.take(handleOf(pod), async () => {
      if (this.#pods.get(handleOf(pod)) !== pod) return;
      const problems: PodProblem[] = [];
      try {
        await mendHostEnd(rtnetlink, link, { ...pod, addresses }, (what) =>
          this.#tell(pod, `is as it was plugged in again: ${what}`, 'somebody has changed it'),
        );
        for (const address of addresses) {
          const route = await ensureRoute(rtnetlink, mark, link.ifindex, address);
          if (typeof route === 'object') problems.push(route);
          else if (route === 'there again')
            this.#tell(pod, `had no route to ${formatAddress(address)} any more; it is there again`);
        }
      } catch (error) {
        // The pod may be gone since, which the next round sees.
        if (!PodNetns.isThere(pod.netns)) return;
        problems.push({
          code: 'pod-not-mended',
          text: `its link was changed by somebody, and cannot be set right: ${(error as Error).message}`,
          remedy: `see to it that the agent may, or start the pod anew; ${pod.hostInterface} is its end of the link on this node`,
        });
      }
      this.problems.set(pod, problems);
    });
  }

  /** The host's end under a name that somebody has given it; routes, filters and statistics know it by its own. */
  async #renamedBack(pod: Pod, links: ReadonlyMap<string, Link>): Promise<Link | undefined> {
    const alias = aliasOf(nameOf(pod));
    const found = [...links.values()].filter(
      (link) => link.kind === 'veth' && link.mac === HOST_MAC && link.alias === alias && !isHostInterface(link.name),
    );
    const [link] = found;
    if (!link || found.length > 1) return undefined;
    const { rtnetlink, journal } = this.#options;
    try {
      await rtnetlink.changeLink(link.ifindex, { up: false });
      await rtnetlink.changeLink(link.ifindex, { name: pod.hostInterface });
    } catch (error) {
      journal.log.warn({ err: error, pod: pod.hostInterface }, 'renaming the link of a pod failed');
      return undefined;
    }
    this.#tell(pod, `has ${pod.hostInterface} again, which was renamed to ${link.name}`);
    return rtnetlink.link(link.ifindex);
  }

  /** In its turn: a DEL of it may be under way. */
  async #tellCutOff(pod: Pod): Promise<void> {
    const { hostInterface } = pod;
    await this.#turns.take(handleOf(pod), async () => {
      if (this.#pods.get(handleOf(pod)) !== pod) return;
      if (await this.#options.rtnetlink.link(hostInterface)) return;
      const text = `it is cut off, as somebody has deleted its interface ${hostInterface} on this node`;
      this.problems.set(pod, [{ code: 'pod-cut-off', text, remedy: 'start the pod anew' }]);
    });
  }

  /** Its namespace went away without a DEL, as with a reboot of the node. */
  async #forget(pod: Pod): Promise<void> {
    await this.#turns.take(handleOf(pod), async () => {
      if (this.#pods.get(handleOf(pod)) !== pod) return;
      await this.#remove(handleOf(pod));
      this.#tell(pod, 'was taken away', 'its network namespace is gone');
    });
  }

  async #faultsOf({ hostInterface, ifName, addresses }: Pod, netns: PodNetns): Promise<string[]> {
    const link = { hostInterface, ifName, netns, addresses: addresses.map(parseAddress) };
    return findFaults(this.#options.rtnetlink, link);
  }

  /** The host forwards, and has a route for the gateway: without one the kernel does not answer for it (proxy_arp). */
  async #prepareHost(): Promise<void> {
    const { rtnetlink, mark, journal } = this.#options;
    await ensureForwarding(rtnetlink, journal);
    const lo = (await rtnetlink.link('lo'))!;
    if (!lo.up) await rtnetlink.changeLink(lo.ifindex, { up: true });
    const nextHops = [{ ifindex: lo.ifindex }];
    await rtnetlink.replaceRoute({ prefix: hostPrefix(GATEWAYS[4]), nextHops, scope: SCOPE.LINK, ...mark });
  }

  #tell(pod: Pod, text: string, cause?: string, level: 'info' | 'warn' = 'info'): void {
    const subject = nameOf(pod);
    this.#options.journal.event(
      { kind: 'pod', subject, text: `${subject} ${text}`, ...(cause !== undefined && { cause }) },
      level,
    );
  }
}

/** Whether ADD has come to its end, of a host's end that may have been switched off or renamed since. */
const isPlugged = (link: Link | undefined): boolean => link !== undefined && (link.up || link.alias !== undefined);

/** Where prevResult says other than what was done; what later plugins of the chain have added is none of our business. */
function contradictions({ ifName, addresses }: Pod, previous: PreviousResult): string[] {
  const told = previous.addresses.map(formatAddress);
  const faults = addresses.filter((address) => !told.includes(address)).map((address) => `prevResult lacks ${address}`);
  if (!previous.interfaces.some(({ name, sandbox }) => name === ifName && sandbox !== '')) {
    faults.push(`prevResult lacks ${ifName} of the container`);
  }
  return faults;
}
