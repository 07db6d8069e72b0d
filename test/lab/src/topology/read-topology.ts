/** Reads a topology from YAML. Each error says file, line and column, what is wrong, and what would be right. */
import { Value } from 'typebox/value';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import { LabError } from '../errors.js';
import { type Topology, TopologySchema } from './schema.js';
import { spellOut } from './spell-out.js';

/** Something wrong at one place of the file; `path` leads there through keys and indexes. */
export interface TopologyFault {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** A topology and the way from one of its places back to the line it was written on. */
export interface TopologyFile {
  readonly topology: Topology;
  /** Throws LabError `ERR_LAB_TOPOLOGY` that names the place of each fault; does nothing when there is none. */
  refuse(faults: readonly TopologyFault[]): void;
}

/** Parses and validates. `file` is the name that errors show. Throws LabError `ERR_LAB_TOPOLOGY`. */
export function readTopology(text: string, file: string): TopologyFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [syntax] = document.errors;
  if (syntax) throw new LabError('ERR_LAB_TOPOLOGY', `${at(syntax.pos[0])}: ${syntax.message}`);

  const refuse = (faults: readonly TopologyFault[]): void => {
    if (faults.length === 0) return;
    const texts = faults.map(({ path, text: what }) => `${at(offsetOf(document, path))}: ${where(path)}${what}`);
    throw new LabError('ERR_LAB_TOPOLOGY', texts.join('\n'));
  };
  const written: unknown = document.toJS();
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    refuse([{ path: [], text: 'a topology is a mapping with at least "hosts:"' }]);
  }
  const value = spellOut(written);
  if (!Value.Check(TopologySchema, value)) refuse(schemaFaults(value));
  return { topology: value as Topology, refuse };
}

const where = (path: readonly (string | number)[]): string => (path.length > 0 ? `${path.join('.')}: ` : '');

/** The offset of the deepest node on the path that the file really has; of the key where the value is a map entry. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length > 1 ? document.getIn(path.slice(0, length - 1), true) : document.contents;
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === `${key}`,
      );
      if (pair && isScalar(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Record<string, unknown>;
  readonly message: string;
}

function schemaFaults(value: unknown): TopologyFault[] {
  const faults: TopologyFault[] = [];
  for (const error of Value.Errors(TopologySchema, value) as unknown as SchemaError[]) {
    const path = error.instancePath.split('/').slice(1).map(unescapePointer);
    if (error.keyword === 'additionalProperties') {
      for (const key of error.params.additionalProperties as string[]) {
        faults.push({ path: [...path, key], text: `unknown key${knownKeys(path)}` });
      }
    } else if (error.keyword !== 'boolean') {
      faults.push({ path, text: `${expectation(error)}${shown(value, path)}` });
    }
  }
  return faults;
}

const unescapePointer = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

function expectation({ keyword, params, message }: SchemaError): string {
  if (keyword === 'enum') return `must be one of ${(params.allowedValues as string[]).join(', ')}`;
  if (keyword === 'pattern' && String(params.pattern).startsWith('^[a-z]')) {
    return 'a name is lower-case letters, digits and dashes, at most 31 characters';
  }
  if (keyword === 'pattern') return 'must be a prefix like 10.0.0.0/24 or fd00::/64';
  return message;
}

function shown(value: unknown, path: readonly string[]): string {
  let at: unknown = value;
  for (const part of path) at = (at as Record<string, unknown> | undefined)?.[part];
  return at === undefined || typeof at === 'object' ? '' : `, is ${JSON.stringify(at)}`;
}

const KEYS: readonly (readonly [RegExp, string])[] = [
  [/^$/, 'name, description, families, networks, links, defaults, hosts, sessions, pools, resources'],
  [/^hosts\.[^.]+$/, 'run, asn, routerId, clusterId, pods, originate, multipath, store, config, birdConfig'],
  [/^networks\.[^.]+$/, 'ipv4, ipv6, hosts'],
  [/^sessions\.\d+$/, 'between, mesh, reflector, clients, password, holdTimeS, transport, peer'],
  [/^pools\.\d+$/, 'name, cidr, blockSize'],
];

function knownKeys(path: readonly string[]): string {
  const row = KEYS.find(([pattern]) => pattern.test(path.join('.')));
  return row ? `; known here: ${row[1]}` : '';
}
