/** Who is alive, as the caller of address management knows it. */
import type { Assignment } from './requests.js';

/** What the caller knows of those who use addresses. `unknown` counts as alive. */
export interface Liveness {
  node(name: string): Promise<'alive' | 'gone' | 'unknown'>;
  workload(handle: string, assignment: Assignment): Promise<'alive' | 'gone' | 'unknown'>;
}

/** The same for one look at everything: each node is asked about once, and not once for each address it has. */
export function askedOnce({ node, workload }: Liveness): Liveness {
  const answers = new Map<string, ReturnType<Liveness['node']>>();
  return {
    workload,
    node(name) {
      const known = answers.get(name);
      if (known) return known;
      const answer = node(name);
      answers.set(name, answer);
      return answer;
    },
  };
}

/** Why all these addresses of one handle are unused; undefined where any may be in use. `atOnce`: no grace is needed. */
export async function whyGone(
  liveness: Liveness,
  assignments: readonly Assignment[],
): Promise<{ readonly text: string; readonly atOnce: boolean } | undefined> {
  let atOnce = true;
  for (const assignment of assignments) {
    if ((await liveness.node(assignment.node)) === 'gone') continue;
    atOnce = false;
    if ((await liveness.workload(assignment.handle, assignment)) !== 'gone') return undefined;
  }
  const nodes = [...new Set(assignments.map(({ node }) => node))].join(', ');
  return { atOnce, text: atOnce ? `node ${nodes} is gone` : `its workload on ${nodes} is gone` };
}
