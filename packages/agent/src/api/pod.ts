/** Pods that container runtimes had plugged in on this node. */
import { Timestamp } from './text.js';
import { type Static, Type } from './type.js';

export const Pod = Type.Object({
  network: Type.String({ description: 'Name of the CNI network' }),
  containerId: Type.String(),
  ifName: Type.String({ description: 'Of the interface inside the pod' }),
  netns: Type.String({ description: "Path of the pod's network namespace" }),
  hostInterface: Type.String({ description: "The host's end of the veth" }),
  mac: Type.String({ description: "Of the pod's end" }),
  mtu: Type.Integer({ minimum: 0 }),
  addresses: Type.Array(Type.String()),
  namespace: Type.Optional(Type.String({ description: 'As Kubernetes names it' })),
  pod: Type.Optional(Type.String()),
  since: Timestamp,
  problems: Type.Optional(
    Type.Array(Type.String(), { description: 'What is wrong with its link and cannot be set right by the agent' }),
  ),
});
export type Pod = Static<typeof Pod>;

export const PodList = Type.Object({ pods: Type.Array(Pod) });
export type PodList = Static<typeof PodList>;
