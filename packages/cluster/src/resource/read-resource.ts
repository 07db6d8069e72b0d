/** A document as a manifest has it -> a resource, or every fault with its place, and what its writer should know. */
import { checkValue, type SchemaNode } from '../schema/check.js';
import { type Fault, listed } from '../schema/fault.js';
import { suggest } from '../schema/suggest.js';
import type { Warning } from './findings.js';
import { KINDS, type Kind, kindOf } from './kinds.js';
import { marksIn } from './marks.js';
import { API_VERSION, API_VERSIONS, type Metadata, MetadataSchema, type Resource } from './resource.js';
import { RESOURCE_FORMATS, tryParseAsNumber } from './text.js';

export interface ReadResource {
  readonly faults: readonly Fault[];
  readonly warnings: readonly Warning[];
  /** Absent where there are faults. */
  readonly resource?: Resource;
  /** Absent where the document is of no kind. */
  readonly kind?: Kind;
  /** It is not for us: of another API, of a kind of Calico's that is not taken, or what nodes write. Exports hold such as well. */
  readonly foreign?: true;
}

/** Kinds of Calico that say nothing here, and why. */
const NOT_HERE: Readonly<Record<string, string>> = {
  FelixConfiguration: 'the kernel is programmed as the agent of each node is configured: see kernel: in its file',
  KubeControllersConfiguration: 'there is no such controller',
  ClusterInformation: 'a cluster is what shares a store; it has no record of its own',
  NetworkPolicy: 'there are no policies yet',
  GlobalNetworkPolicy: 'there are no policies yet',
  StagedNetworkPolicy: 'there are no policies yet',
  StagedGlobalNetworkPolicy: 'there are no policies yet',
  StagedKubernetesNetworkPolicy: 'there are no policies yet',
  Tier: 'there are no policies yet',
  NetworkSet: 'there are no policies yet',
  GlobalNetworkSet: 'there are no policies yet',
  HostEndpoint: 'there are no policies yet',
  Profile: 'there are no policies yet',
  WorkloadEndpoint: 'pods are known by their addresses: see IPAMHandle',
};

type Group = Readonly<Record<string, unknown>>;

const isGroup = (value: unknown): value is Group =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const failed = (faults: readonly Fault[], kind?: Kind): ReadResource => ({
  faults,
  warnings: [],
  ...(kind && { kind }),
});

export function readResource(document: unknown): ReadResource {
  if (!isGroup(document)) {
    return failed([{ pointer: '', message: 'is no resource', expected: 'apiVersion, kind, metadata and spec' }]);
  }
  const { apiVersion, kind: word, metadata, spec, status: _status, ...others } = document;
  const faults: Fault[] = [];
  if (apiVersion === undefined) {
    faults.push({ pointer: '', message: '"apiVersion" is missing', expected: `apiVersion: ${API_VERSION}` });
  } else if (!API_VERSIONS.some((one) => one === apiVersion)) {
    const message = `is ${JSON.stringify(apiVersion)}, which is not known here`;
    const expected = word === 'Secret' ? 'its passwords by "tortie secrets set NAME KEY"' : listed(API_VERSIONS);
    faults.push({ pointer: '/apiVersion', message, expected });
  }
  const kind = typeof word === 'string' ? kindOf(word) : undefined;
  const foreign = isForeign(apiVersion, word) && ({ foreign: true } as const);
  if (foreign && faults.length > 0) return { ...failed(faults), ...foreign };
  if (!kind || faults.length > 0) return { ...failed(kind ? faults : [...faults, kindFault(word)], kind), ...foreign };
  if (kind.readOnly) {
    const message = `${word} is made by nodes themselves and read only: tortie get ${kind.plural}`;
    return {
      ...failed([{ pointer: '/kind', message, expected: listed(KINDS.flatMap(writable)) }], kind),
      foreign: true,
    };
  }
  for (const name of Object.keys(others)) {
    const expected = 'apiVersion, kind, metadata and spec';
    faults.push({ pointer: `/${name}`, message: `unknown field "${name}"`, expected, atKey: true });
  }
  faults.push(...metadataFaults(kind, metadata));
  if (depthOf(spec) > MAX_DEPTH) {
    return failed(
      [{ pointer: '/spec', message: `is nested deeper than ${MAX_DEPTH} levels, which nothing here is` }],
      kind,
    );
  }
  const plain = withoutNothing(kind.spec as SchemaNode, spec ?? {});
  const formats = RESOURCE_FORMATS;
  faults.push(...checkValue(kind.spec, plain, { pointer: '/spec', formats }));
  const marks = marksIn(kind.spec as SchemaNode, plain, '/spec');
  for (const { pointer, mark } of marks) {
    if (mark.status === 'refused') faults.push({ pointer, message: `is not accepted: ${mark.note}`, atKey: true });
  }
  if (faults.length > 0) return failed(faults, kind);
  const resource: Resource = {
    apiVersion: API_VERSION,
    kind: kind.kind,
    metadata: keptMetadata(metadata as Group),
    spec: inNumbers(kind.spec as SchemaNode, plain),
  };
  const findings = kind.check?.(resource as Resource<never, never>);
  if (findings && findings.faults.length > 0) return failed(findings.faults, kind);
  const warnings = marks.flatMap(({ pointer, mark }): Warning[] =>
    mark.status === 'no-effect' ? [{ pointer, message: `has no effect: ${mark.note}` }] : [],
  );
  return { resource, kind, faults: [], warnings: [...warnings, ...(findings?.warnings ?? [])] };
}

/** What is written for another program. */
const isForeign = (apiVersion: unknown, word: unknown): boolean =>
  typeof word === 'string' &&
  typeof apiVersion === 'string' &&
  (Object.hasOwn(NOT_HERE, word) || !API_VERSIONS.some((one) => one === apiVersion)) &&
  !kindOf(word);

/** No `spec` of ours has half as many levels; what has more is not walked. */
const MAX_DEPTH = 32;

/** How deep a value is nested, as far as it matters. */
function depthOf(value: unknown, above = 0): number {
  if (above > MAX_DEPTH || typeof value !== 'object' || value === null) return above;
  let deepest = above;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member, above + 1));
  return deepest;
}

const writable = ({ kind, readOnly }: Kind): string[] => (readOnly ? [] : [kind]);

function kindFault(word: unknown): Fault {
  const expected = listed(KINDS.flatMap(writable));
  if (word === undefined) return { pointer: '', message: '"kind" is missing', expected };
  const text = String(word);
  const reason = NOT_HERE[text];
  if (reason !== undefined)
    return { pointer: '/kind', message: `${text} is a kind of Calico's that is not taken: ${reason}` };
  const near = suggest(
    text,
    KINDS.map(({ kind }) => kind),
  );
  return {
    pointer: '/kind',
    message: `is ${JSON.stringify(word)}, which is no kind`,
    expected,
    ...(near !== undefined && { suggestion: near }),
  };
}

function metadataFaults({ names = 'dns-name' }: Kind, metadata: unknown): Fault[] {
  if (metadata === undefined)
    return [{ pointer: '', message: '"metadata" is missing', expected: 'metadata: { name: … }' }];
  const plain = isGroup(metadata) ? dropNulls(metadata) : metadata;
  const faults = checkValue(MetadataSchema, plain, { pointer: '/metadata' });
  const { annotations } = isGroup(plain) ? plain : {};
  const length = isGroup(annotations) ? JSON.stringify(annotations).length : 0;
  if (length > MAX_ANNOTATIONS) {
    const right = `at most ${MAX_ANNOTATIONS} characters in all`;
    faults.push({ pointer: '/metadata/annotations', message: `have ${length} characters`, expected: right });
  }
  const name = isGroup(plain) ? plain.name : undefined;
  const message = typeof name === 'string' ? RESOURCE_FORMATS[names]?.(name) : undefined;
  return message === undefined ? faults : [...faults, { pointer: '/metadata/name', message }];
}

/** Of all together, as in Kubernetes. */
const MAX_ANNOTATIONS = 262_144;

/** What kubectl writes for itself, a copy of the whole resource. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The user's part. */
function keptMetadata(metadata: Group): Metadata {
  const { name, labels, annotations } = dropNulls(metadata) as unknown as Metadata;
  const { [LAST_APPLIED]: _copy, ...others } = annotations ?? {};
  return {
    name,
    ...(labels && Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(others).length > 0 && { annotations: others }),
  };
}

const dropNulls = (group: Group): Group =>
  Object.fromEntries(Object.entries(group).filter(([, value]) => value !== null && value !== undefined));

/** Exports write null, and "" where a text may be absent: both say that nothing was said. */
function withoutNothing(schema: SchemaNode, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNothing(schema.items ?? {}, item));
  if (!isGroup(value)) return value;
  const required = schema.required ?? [];
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      const nothing = member === null || member === undefined || (member === '' && !required.includes(name));
      return nothing ? [] : [[name, withoutNothing(schema.properties?.[name] ?? {}, member)]];
    }),
  );
}

/** AS numbers as numbers, whichever way they were written. */
function inNumbers(schema: SchemaNode, value: unknown): unknown {
  if (typeof value === 'string') {
    const isAsNumber = schema.anyOf?.some(
      (one) => one.format === 'as-number' || one.anyOf?.some(({ format }) => format === 'as-number'),
    );
    return isAsNumber ? (tryParseAsNumber(value) ?? value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => inNumbers(schema.items ?? {}, item));
  if (!isGroup(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, inNumbers(schema.properties?.[name] ?? {}, member)]),
  );
}
