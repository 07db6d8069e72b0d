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
    faults.push({ pointer: '/apiVersion', message, expected: listed(API_VERSIONS) });
  }
  const kind = typeof word === 'string' ? kindOf(word) : undefined;
  if (!kind || faults.length > 0) return failed(kind ? faults : [...faults, kindFault(word)], kind);
  if (kind.readOnly) {
    const message = `${kind.kind} is made by nodes themselves and read only`;
    return failed([{ pointer: '/kind', message, expected: listed(KINDS.flatMap(writable)) }], kind);
  }
  for (const name of Object.keys(others)) {
    const expected = 'apiVersion, kind, metadata and spec';
    faults.push({ pointer: `/${name}`, message: `unknown field "${name}"`, expected, atKey: true });
  }
  faults.push(...metadataFaults(kind, metadata));
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
  const name = isGroup(plain) ? plain.name : undefined;
  const message = typeof name === 'string' ? RESOURCE_FORMATS[names]?.(name) : undefined;
  return message === undefined ? faults : [...faults, { pointer: '/metadata/name', message }];
}

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
