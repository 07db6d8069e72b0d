/**
 * The pods of this node: their addresses, links and records.
 *
 *     ADD   addresses ──► link ──► record ──► answer      a failure takes back what was done, last first
 *     DEL   link ──► addresses ──► record
 *
 * Each address says which attachment it is for. One without a record is therefore the rest of an ADD that was cut off, by
 * kill -9 too, and is taken back when the agent starts; so is what belongs to a namespace that is gone.
 */
import { type AddRequest, type Attachment, type CheckRequest, CniError, type PreviousResult } from '@tortie/cni';
import { formatAddress, hostPrefix, parseAddress } from '@tortie/ip';
import type { Assignment, IpamApi } from '@tortie/ipam';
import { SCOPE } from '@tortie/linux';
import { type Rtnetlink, readSysctl, writeSysctl } from '@tortie/linux/node';
import type { Store } from '@tortie/store';
import type { Pod } from '../../src/api/pod.js';
import { GATEWAYS } from '../../src/pods/gateway.js';
import { handleOf, hostInterfaceOf } from '../../src/pods/names.js';
import type { Journal } from '../journal.js';
import type { Reconciler } from '../reconcile-loop.js';
import { KeyedTurns } from './keyed-turns.js';
import { attachmentOf, takeAddresses } from './pod-addresses.js';
import { findFaults, plugPod, type RouteMark, routeToPod, unplugPod } from './pod-link.js';
import { PodNetns } from './pod-netns.js';
import { PodRecords } from './pod-records.js';

export interface PodsOptions {
  readonly node: string;
  readonly store: Store;
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
  readonly #records: PodRecords;
  readonly #turns = new KeyedTurns();

  private constructor(options: PodsOptions, records: PodRecords) {
    this.#options = options;
    this.#records = records;
  }

  static async open(options: PodsOptions): Promise<Pods> {
    return new Pods(options, await PodRecords.read(options.store, options.node));
  }

  list(): readonly Pod[] {
    return this.#records.list();
  }

  /** Plugs a pod in; one that is plugged in already stays as it is. Throws CniError, IpamError, LinuxError, StoreError. */
  add(request: AddRequest): Promise<Pod> {
    const handle = handleOf(request.attachment);
    return this.#turns.take(handle, async () => {
      const netns = await PodNetns.open(request.netns);
      try {
        const known = this.#records.get(handle);
        if (known && (await this.#faultsOf(known, netns)).length === 0) return known;
        return await this.#plug(handle, request, netns);
      } catch (error) {
        await this.#takeBack(handle);
        throw error;
      } finally {
        netns.close();
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
    const record = this.#records.get(handleOf(attachment));
    if (!record) {
      const { containerId, ifName, network } = attachment;
      throw new CniError(
        'ERR_CNI_CONTAINER',
        `container ${containerId} has no ${ifName} in network ${network} on this node`,
      );
    }
    const netns = await PodNetns.open(path);
    try {
      const faults = [...contradictions(record, previous), ...(await this.#faultsOf(record, netns))];
      if (faults.length > 0) throw new CniError('ERR_CNI_BROKEN', faults.join('; '));
    } finally {
      netns.close();
    }
  }

  /** Takes away all pods of a network but the valid ones. Goes on where one fails, and throws then. */
  async collect(network: string, valid: readonly Attachment[]): Promise<void> {
    const stay = new Set(valid.map(handleOf));
    const stale = this.#records.list().filter((record) => record.network === network && !stay.has(handleOf(record)));
    const failures: unknown[] = [];
    for (const record of stale) {
      await this.remove(record).catch((error) => failures.push(error));
      this.#tell(record, `is no longer known to the runtime and was taken away`);
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Makes the kernel fit the records: after a start, and when interfaces come and go. */
  async reconcile(): Promise<void> {
    await this.#prepareHost();
    await this.#takeBackHalves();
    const links = new Map((await this.#options.rtnetlink.links()).map((link) => [link.name, link]));
    for (const record of this.#records.list()) {
      const link = links.get(record.hostInterface);
      if (link) await this.#mend(record, link.ifindex, link.up);
      else if (!PodNetns.isThere(record.netns)) await this.#forget(record);
    }
  }

  /** Resolves when no call is under way. */
  idle(): Promise<void> {
    return this.#turns.idle();
  }

  async #plug(handle: string, request: AddRequest, netns: PodNetns): Promise<Pod> {
    const { ipam, node, rtnetlink, mark, mtu, announced } = this.#options;
    const { attachment, settings, wishes, pod } = request;
    const assignments = await takeAddresses(ipam, node, request);
    const addresses = assignments.map(({ address }) => address);
    const hostInterface = hostInterfaceOf(handle);
    const link = {
      hostInterface,
      ifName: attachment.ifName,
      netns,
      addresses,
      mtu: settings.mtu ?? (await mtu()),
      mac: wishes.mac,
      alias: pod ? `${pod.namespace}/${pod.name}` : attachment.containerId.slice(0, 64),
    };
    const [mac] = await Promise.all([plugPod(rtnetlink, mark, link), announced(assignments)]);
    const record: Pod = {
      ...attachment,
      netns: request.netns,
      hostInterface,
      mac,
      mtu: link.mtu,
      addresses: addresses.map(formatAddress),
      ...(pod && { namespace: pod.namespace, pod: pod.name }),
      since: new Date().toISOString(),
    };
    await this.#records.put(record);
    this.#tell(record, `has ${record.addresses.join(' and ')} on ${hostInterface}`);
    return record;
  }

  async #remove(handle: string): Promise<void> {
    const { ipam, rtnetlink } = this.#options;
    const record = this.#records.get(handle);
    await unplugPod(rtnetlink, hostInterfaceOf(handle));
    await ipam.release({ handle });
    await this.#records.delete(handle);
    if (record) this.#tell(record, `is gone; ${record.addresses.join(' and ')} are free again`);
  }

  /** After a failure, whose error is what the runtime needs. What cannot be taken back now is when the agent looks again. */
  async #takeBack(handle: string): Promise<void> {
    try {
      await this.#remove(handle);
    } catch (error) {
      this.#options.journal.problem(`taking back what was done for ${handle} failed`, error as Error);
    }
  }

  /** Addresses without a record: an ADD was cut off. */
  async #takeBackHalves(): Promise<void> {
    const { ipam, node, journal } = this.#options;
    for (const assignment of await ipam.assignments({ node })) {
      const attachment = attachmentOf(assignment);
      if (!attachment) continue;
      const { handle } = assignment;
      // In its turn: an ADD of it may be under way.
      await this.#turns.take(handle, async () => {
        if (this.#records.get(handle) || (await ipam.assignments({ handle })).length === 0) return;
        await this.#remove(handle);
        journal.event({
          kind: 'pod',
          subject: attachment.containerId,
          text: `took back what was done for container ${attachment.containerId}`,
          cause: 'its ADD was cut off',
        });
      });
    }
  }

  /** Routes go with a link that is switched off. */
  async #mend(record: Pod, ifindex: number, up: boolean): Promise<void> {
    const { rtnetlink, mark } = this.#options;
    await this.#turns.take(handleOf(record), async () => {
      if (this.#records.get(handleOf(record)) !== record) return;
      try {
        if (!up) await rtnetlink.changeLink(ifindex, { up: true });
        for (const address of record.addresses.map(parseAddress)) {
          const route = await rtnetlink.matchingRoute(address);
          if (route?.nextHops.some((hop) => hop.ifindex === ifindex)) continue;
          await routeToPod(rtnetlink, mark, ifindex, [address]);
          this.#tell(record, `had no route to ${formatAddress(address)} any more; it is there again`);
        }
      } catch (error) {
        // The pod may be gone since; else the next round tries again.
        this.#options.journal.log.warn({ err: error, pod: record.hostInterface }, 'mending the link of a pod failed');
      }
    });
  }

  /** Its namespace went away without a DEL, as with a reboot of the node. */
  async #forget(record: Pod): Promise<void> {
    await this.#turns.take(handleOf(record), async () => {
      if (this.#records.get(handleOf(record)) !== record) return;
      await this.#remove(handleOf(record));
      this.#tell(record, 'was taken away', 'its network namespace is gone');
    });
  }

  async #faultsOf({ hostInterface, ifName, addresses }: Pod, netns: PodNetns): Promise<string[]> {
    const link = { hostInterface, ifName, netns, addresses: addresses.map(parseAddress) };
    return findFaults(this.#options.rtnetlink, link);
  }

  /** The host forwards, and has a route for the gateway: without one the kernel does not answer for it (proxy_arp). */
  async #prepareHost(): Promise<void> {
    const { rtnetlink, mark, journal } = this.#options;
    for (const key of ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding']) {
      const present = await readSysctl(key).catch(() => undefined);
      if (present === undefined || present === '1') continue;
      await writeSysctl(key, 1);
      journal.event({ kind: 'pod', text: `set ${key} to 1`, cause: 'pods need a node that forwards' });
    }
    const lo = (await rtnetlink.link('lo'))!;
    if (!lo.up) await rtnetlink.changeLink(lo.ifindex, { up: true });
    const nextHops = [{ ifindex: lo.ifindex }];
    await rtnetlink.replaceRoute({ prefix: hostPrefix(GATEWAYS[4]), nextHops, scope: SCOPE.LINK, ...mark });
  }

  #tell(record: Pod, text: string, cause?: string): void {
    const { namespace, pod, containerId } = record;
    const subject = pod === undefined ? containerId : `${namespace}/${pod}`;
    this.#options.journal.event({
      kind: 'pod',
      subject,
      text: `${subject} ${text}`,
      ...(cause !== undefined && { cause }),
    });
  }
}

/** Where prevResult says other than the record; what later plugins of the chain have added is none of our business. */
function contradictions({ ifName, addresses }: Pod, previous: PreviousResult): string[] {
  const told = previous.addresses.map(formatAddress);
  const faults = addresses.filter((address) => !told.includes(address)).map((address) => `prevResult lacks ${address}`);
  if (!previous.interfaces.some(({ name, sandbox }) => name === ifName && sandbox !== '')) {
    faults.push(`prevResult lacks ${ifName} of the container`);
  }
  return faults;
}
