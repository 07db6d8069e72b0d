/** Labs for tests: described in a few lines, there for the time of one function. */
import { stringify } from 'yaml';
import { Lab, type LabOptions } from './lab.js';
import { planLab } from './topology/plan-lab.js';

/** A topology as YAML text, or as the object such a text describes. */
export type TopologyLike = string | Readonly<Record<string, unknown>>;

/** Brings a lab up, runs `work` with it, and takes it down however that ends. */
export async function withLab<T>(
  topology: TopologyLike,
  work: (lab: Lab) => Promise<T>,
  options: LabOptions = {},
): Promise<T> {
  const text = typeof topology === 'string' ? topology : stringify(topology);
  const lab = await Lab.up(planLab(text, 'topology'), options);
  try {
    return await work(lab);
  } finally {
    await lab.close();
  }
}

/**
 * Bare hosts on one network, named; nothing runs on them until the test starts it. They get 10.0.0.1/24 and
 * fd00::1/64, the second .2, and so on.
 */
export const withHosts = <T>(
  names: readonly string[],
  work: (lab: Lab) => Promise<T>,
  options: LabOptions = {},
): Promise<T> =>
  withLab({ name: 'hosts', hosts: Object.fromEntries(names.map((name) => [name, { run: 'none' }])) }, work, {
    ...options,
    daemons: false,
  });
