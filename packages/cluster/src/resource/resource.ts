/** What every resource has: `apiVersion`, `kind`, `metadata`, `spec`, as Kubernetes and Calico write them. */
import { mapOf } from '../schema/map.js';
import { Type } from '../schema/type.js';

/** How resources are given back, so that a cluster's manifests go to Calico and back where no field of ours is used. */
export const API_VERSION = 'projectcalico.org/v3';

/** What else is read as the same: our own name for it, and Calico's records as `kubectl` shows them. */
export const API_VERSIONS = [API_VERSION, 'tortie/v1', 'crd.projectcalico.org/v1'] as const;

const text = (maxLength: number, description: string) => Type.String({ maxLength, description });

const labels = mapOf(Type.String({ maxLength: 63 }), { description: 'What selectors select by' });
const annotations = mapOf(Type.String({ maxLength: 65_536 }), { description: 'Free texts by name' });

/** What a user may say of a resource. */
export interface Metadata {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of the store, when it was read from there. Writers name it with If-Match, not here. */
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
}

export interface Resource<Kind extends string = string, Spec = unknown> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: Kind;
  readonly metadata: Metadata;
  readonly spec: Spec;
}

/** What API servers write into `metadata`: exports have it, and it is left out of what is kept. */
const SERVER_FIELDS = [
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'generation',
  'selfLink',
  'managedFields',
  'ownerReferences',
  'finalizers',
  'namespace',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

const serverFields = Object.fromEntries(
  SERVER_FIELDS.map((name) => [name, Type.Optional({ description: 'Written by API servers; ignored' } as never)]),
);

/** `name` is checked by the kind. */
export const MetadataSchema = Type.Object(
  {
    name: text(253, 'Name of the resource'),
    labels: Type.Optional(labels),
    annotations: Type.Optional(annotations),
    ...(serverFields as unknown as Record<never, never>),
  },
  { additionalProperties: false, description: 'Name, labels and annotations' },
);
