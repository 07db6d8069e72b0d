/** What is wrong with pods and cannot be set right from here; told when it begins and when it ends. */
import type { Pod } from '../../src/api/pod.js';
import { nameOf } from '../../src/pods/pod-facts.js';
import type { Journal } from '../journal.js';

export interface PodProblem {
  /** Stable; as `tortie doctor` has it. */
  readonly code: 'pod-route-taken' | 'pod-cut-off' | 'pod-not-mended';
  readonly text: string;
  readonly remedy: string;
}

export class PodProblems {
  readonly #journal: Journal;
  readonly #byInterface = new Map<string, readonly PodProblem[]>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** How many pods have any. */
  get count(): number {
    return this.#byInterface.size;
  }

  of({ hostInterface }: Pod): readonly PodProblem[] {
    return this.#byInterface.get(hostInterface) ?? [];
  }

  /** All there are now. */
  set(pod: Pod, problems: readonly PodProblem[]): void {
    const before = this.of(pod);
    const subject = nameOf(pod);
    for (const { text, remedy } of problems) {
      if (before.some((one) => one.text === text)) continue;
      this.#journal.event({ kind: 'pod', subject, text: `${subject}: ${text}`, cause: `remedy: ${remedy}` }, 'warn');
    }
    if (before.length > 0 && problems.length === 0)
      this.#journal.event({ kind: 'pod', subject, text: `${subject} is as it should be again` });
    if (problems.length > 0) this.#byInterface.set(pod.hostInterface, problems);
    else this.#byInterface.delete(pod.hostInterface);
  }

  /** The pod is gone. */
  forget(hostInterface: string): void {
    this.#byInterface.delete(hostInterface);
  }
}
