/** Resources as YAML that is read again as the same. */
import { stringify } from 'yaml';
import { inOrder } from '../resource/in-order.js';
import type { Resource } from '../resource/resource.js';

/** Any value as YAML. */
export const toYaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** Documents one behind another. */
export const writeManifest = (resources: readonly Resource[]): string =>
  resources.map((resource) => toYaml(inOrder(resource))).join('---\n');
