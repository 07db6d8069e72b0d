/** What the agent knows of one interface of one pod: kept in the store, so that it outlives the agent. */
import type { Attachment } from '@tortie/cni';

export interface PodRecord extends Attachment {
  /** Path of the pod's network namespace when it was plugged in. */
  readonly netns: string;
  /** The host's end of the veth. */
  readonly hostInterface: string;
  /** Of the pod's end. */
  readonly mac: string;
  readonly mtu: number;
  /** As text, IPv4 first. */
  readonly addresses: readonly string[];
  /** As Kubernetes names it. */
  readonly namespace?: string;
  readonly pod?: string;
  readonly since: string;
}
