/** Resources as YAML that is read again as the same. */
import { stringify } from 'yaml';
import type { Resource } from '../resource/resource.js';

/** Documents one behind another. */
export const writeManifest = (resources: readonly Resource[]): string =>
  resources.map((resource) => stringify(resource, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
