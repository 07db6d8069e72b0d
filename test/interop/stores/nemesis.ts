/** What goes wrong in a cluster of etcd with clients, by chance that can be repeated. Each fault gives what mends it. */
import { dropPackets, type Host } from '@tortie/lab';
import type { EtcdCluster } from '@tortie/store/testing/etcd';

export interface Scene {
  readonly etcd: EtcdCluster;
  /** One per member of etcd, in order. */
  readonly servers: readonly Host[];
  readonly clients: readonly Host[];
}

type Mend = () => Promise<void>;

interface Fault {
  readonly name: string;
  /** Throws where it cannot be done. */
  readonly begin: (scene: Scene, pick: <T>(items: readonly T[]) => T) => Promise<Mend>;
}

const packetsOf = (host: Host): readonly string[] => [`ip saddr ${host.address()}`, `ip daddr ${host.address()}`];

const mended = (etcd: EtcdCluster, member: number): Promise<void> => etcd.answers(member);

export const FAULTS: readonly Fault[] = [
  {
    name: 'a member is killed',
    async begin({ etcd, servers }, pick) {
      const member = pick([...servers.keys()]);
      await etcd.kill(member);
      return async () => {
        etcd.spawn(member);
        await mended(etcd, member);
      };
    },
  },
  {
    name: 'a member stands still',
    async begin({ etcd, servers }, pick) {
      const member = pick([...servers.keys()]);
      etcd.signal(member, 'SIGSTOP');
      return async () => {
        etcd.signal(member, 'SIGCONT');
        await mended(etcd, member);
      };
    },
  },
  {
    name: 'a member is cut off from the others, not from clients',
    async begin({ etcd, servers }, pick) {
      const member = pick([...servers.keys()]);
      const others = servers.filter((_, at) => at !== member);
      const heal = await dropPackets(servers[member]!, ...others.flatMap(packetsOf));
      return async () => {
        await heal();
        await mended(etcd, member);
      };
    },
  },
  {
    name: 'a client is cut off from one member',
    begin: ({ servers, clients }, pick) => dropPackets(pick(clients), ...packetsOf(pick(servers))),
  },
  {
    name: 'a client is cut off from all members',
    begin: ({ servers, clients }, pick) => dropPackets(pick(clients), ...servers.flatMap(packetsOf)),
  },
  {
    name: 'all clients are cut off from one member',
    async begin({ servers, clients }, pick) {
      const packets = packetsOf(pick(servers));
      const heals = await Promise.all(clients.map((client) => dropPackets(client, ...packets)));
      return async () => {
        await Promise.all(heals.map((heal) => heal()));
      };
    },
  },
];
