/** The topologies that come with Tortie, in examples/labs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { LabError } from './errors.js';
import { planLab } from './topology/plan-lab.js';

export const DEFAULT_LAB = 'rack';

export interface LabFile {
  readonly name: string;
  readonly file: string;
  readonly description: string;
}

const directory = (): string => new URL('../../../../examples/labs/', import.meta.url).pathname;

export function labFiles(): LabFile[] {
  if (!existsSync(directory())) return [];
  const files = readdirSync(directory()).filter((file) => file.endsWith('.yaml'));
  return files.sort().map((each) => {
    const file = directory() + each;
    const { name, description } = planLab(readFileSync(file, 'utf8'), each);
    return { name, file, description };
  });
}

/** The file meant by a path or by the name of a lab that comes with Tortie. Throws LabError `ERR_LAB_TOPOLOGY`. */
export function findLabFile(wanted: string = DEFAULT_LAB): string {
  if (existsSync(wanted) && /[./]/.test(wanted)) return wanted;
  const file = `${directory()}${wanted}.yaml`;
  if (!wanted.includes('/') && existsSync(file)) return file;
  const known = labFiles().map(({ name }) => name);
  throw new LabError(
    'ERR_LAB_TOPOLOGY',
    `there is no file "${wanted}" and no lab of that name; labs: ${known.join(', ')}`,
  );
}
