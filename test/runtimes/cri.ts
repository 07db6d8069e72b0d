/**
 * The part of the Container Runtime Interface (`runtime.v1`) that makes pods and takes them away: what kubelet asks of a
 * runtime. Field numbers are those of Kubernetes' `api.proto`; what nobody here reads is left out.
 */
import { Client, credentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs/light.js';

/** Message -> field -> "[repeated | map ]TYPE NUMBER". */
const MESSAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  PodSandboxMetadata: { name: 'string 1', uid: 'string 2', namespace: 'string 3', attempt: 'uint32 4' },
  PortMapping: { protocol: 'int32 1', containerPort: 'int32 2', hostPort: 'int32 3' },
  PodSandboxConfig: {
    metadata: 'PodSandboxMetadata 1',
    logDirectory: 'string 3',
    portMappings: 'repeated PortMapping 5',
    annotations: 'map string 7',
    linux: 'LinuxPodSandboxConfig 8',
  },
  LinuxPodSandboxConfig: { cgroupParent: 'string 1' },
  RunPodSandboxRequest: { config: 'PodSandboxConfig 1' },
  RunPodSandboxResponse: { podSandboxId: 'string 1' },
  StopPodSandboxRequest: { podSandboxId: 'string 1' },
  StopPodSandboxResponse: {},
  RemovePodSandboxRequest: { podSandboxId: 'string 1' },
  RemovePodSandboxResponse: {},
  PodSandbox: { id: 'string 1' },
  ListPodSandboxRequest: {},
  ListPodSandboxResponse: { items: 'repeated PodSandbox 1' },
  PodSandboxStatusRequest: { podSandboxId: 'string 1' },
  PodIP: { ip: 'string 1' },
  PodSandboxNetworkStatus: { ip: 'string 1', additionalIps: 'repeated PodIP 2' },
  PodSandboxStatus: { id: 'string 1', network: 'PodSandboxNetworkStatus 5' },
  PodSandboxStatusResponse: { status: 'PodSandboxStatus 1' },
  StatusRequest: {},
  RuntimeCondition: { type: 'string 1', status: 'bool 2', reason: 'string 3', message: 'string 4' },
  RuntimeStatus: { conditions: 'repeated RuntimeCondition 1' },
  StatusResponse: { status: 'RuntimeStatus 1' },
};

const root = new protobuf.Root();
for (const [name, fields] of Object.entries(MESSAGES)) {
  const type = new protobuf.Type(name);
  for (const [field, text] of Object.entries(fields)) {
    const words = text.split(' ');
    const [kind, number] = [words.at(-2)!, Number(words.at(-1))];
    if (words[0] === 'map') type.add(new protobuf.MapField(field, number, 'string', kind));
    else type.add(new protobuf.Field(field, number, kind, words[0] === 'repeated' ? 'repeated' : undefined));
  }
  root.add(type);
}

export interface PodSandbox {
  readonly name: string;
  readonly uid: string;
  /** One more after each that failed, as kubelet counts. */
  readonly attempt?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly portMappings?: readonly { readonly containerPort: number; readonly hostPort: number }[];
}

export class Cri {
  readonly #client: Client;

  constructor(socket: string) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure());
  }

  /** Gives the id of the sandbox, which is the CNI container id. */
  async run(
    { name, uid, attempt = 0, annotations = {}, portMappings = [] }: PodSandbox,
    logDirectory: string,
  ): Promise<string> {
    const metadata = { name, uid, namespace: 'default', attempt };
    const config = { metadata, logDirectory, annotations, portMappings, linux: { cgroupParent: '/tortie-test' } };
    const { podSandboxId } = await this.#call<{ podSandboxId: string }>('RunPodSandbox', { config });
    return podSandboxId;
  }

  /** Addresses as kubelet learns them. */
  async addresses(podSandboxId: string): Promise<readonly string[]> {
    const { status } = await this.#call<{
      status: { network: { ip: string; additionalIps: readonly { ip: string }[] } };
    }>('PodSandboxStatus', { podSandboxId });
    return [status.network.ip, ...status.network.additionalIps.map(({ ip }) => ip)];
  }

  /** Whether the runtime calls its network ready, and why not. */
  async networkReady(): Promise<{ readonly ready: boolean; readonly message: string }> {
    const { status } = await this.#call<{
      status: { conditions: readonly { type: string; status: boolean; message: string }[] };
    }>('Status', {});
    const { status: ready, message } = status.conditions.find(({ type }) => type === 'NetworkReady')!;
    return { ready, message };
  }

  /** Ids of all sandboxes, those that failed too. */
  async list(): Promise<readonly string[]> {
    const { items } = await this.#call<{ items: readonly { id: string }[] }>('ListPodSandbox', {});
    return items.map(({ id }) => id);
  }

  async stop(podSandboxId: string): Promise<void> {
    await this.#call('StopPodSandbox', { podSandboxId });
  }

  async remove(podSandboxId: string): Promise<void> {
    await this.#call('RemovePodSandbox', { podSandboxId });
  }

  close(): void {
    this.#client.close();
  }

  #call<T>(method: string, request: object): Promise<T> {
    const [ask, answer] = [root.lookupType(`${method}Request`), root.lookupType(`${method}Response`)];
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        `/runtime.v1.RuntimeService/${method}`,
        (value: object) => Buffer.from(ask.encode(ask.create(value)).finish()),
        (octets: Buffer) => answer.toObject(answer.decode(octets), { defaults: true, arrays: true }) as T,
        request,
        { deadline: Date.now() + 60_000 } as never,
        (error, value) => (error ? reject(error) : resolve(value!)),
      );
    });
  }
}
