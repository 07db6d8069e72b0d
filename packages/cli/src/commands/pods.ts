/** `tortie pods`: what container runtimes had plugged in on this node. */
import type { Pod, PodList } from '@tortie/agent/api';
import type { Context } from '../context.js';
import { since } from '../output/duration.js';
import type { Column } from '../output/table.js';

const nameOf = ({ namespace, pod, containerId }: Pod): string =>
  pod === undefined ? containerId.slice(0, 12) : `${namespace}/${pod}`;

const problemLines = (pod: Pod): string[] =>
  (pod.problems ?? []).map((text) => `${nameOf(pod)}: ${text}; see tortie doctor`);

const COLUMNS: readonly Column<Pod>[] = [
  { title: 'POD', value: nameOf },
  { title: 'NETWORK', value: ({ network }) => network },
  { title: 'INTERFACE', value: ({ ifName }) => ifName },
  { title: 'ADDRESSES', value: ({ addresses }) => addresses.join(' ') },
  { title: 'ON THE HOST', value: ({ hostInterface }) => hostInterface },
  { title: 'SINCE', value: (pod) => since(pod.since), right: true },
];

export async function listPods(context: Context): Promise<void> {
  const list = await context.client().get<PodList>('/v1/pods');
  context.answer(list, ({ pods }) =>
    pods.length > 0 ? [...context.table(COLUMNS, pods), ...pods.flatMap(problemLines)] : ['no pods'],
  );
}
