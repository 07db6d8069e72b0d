/** Files of resources: read with the place of every fault, and written. */
export { type Manifest, type ManifestFault, type ManifestItem, readManifest } from './read-manifest.js';
export { toYaml, writeManifest } from './write-manifest.js';
export { type Position, parseYaml, type YamlFault, type YamlSource } from './yaml-source.js';
