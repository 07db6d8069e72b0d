/** IPAMConfiguration: what holds for every pool. There is one, `default`; kept by address management, and nowhere else. */
import { type Static, Type } from '../schema/type.js';
import { Faults, type Findings } from './findings.js';
import { extension, noEffect } from './marks.js';
import type { Resource } from './resource.js';

export const IpamConfigurationSpec = Type.Object(
  {
    strictAffinity: Type.Optional(
      Type.Boolean({ default: false, description: 'true: nodes use addresses of their own blocks alone' }),
    ),
    autoAllocateBlocks: Type.Optional(
      Type.Boolean({ default: true, description: 'false: nodes claim no blocks by themselves; needs strictAffinity' }),
    ),
    maxBlocksPerHost: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000,
        default: 20,
        description: 'Most blocks of a node, per IP version. 0: no limit, where Calico then has 20',
      }),
    ),
    ipCooldownSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 86_400,
        default: 60,
        description: 'How long a released address rests. Default 60, where Calico has 0',
      }),
    ),
    leakGraceSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 604_800,
        default: 900,
        description: 'How long the workload of an address is gone before the address is taken back; 0: never',
        ...extension(),
      }),
    ),
    kubeVirtVMAddressPersistence: Type.Optional(
      Type.Union([Type.Literal('Enabled'), Type.Literal('Disabled')], {
        description: 'Addresses of virtual machines stay over a migration',
        ...noEffect('an address goes with its pod', ['Enabled']),
      }),
    ),
  },
  { additionalProperties: false, description: 'Address management of the cluster' },
);
export type IpamConfigurationSpec = Static<typeof IpamConfigurationSpec>;
export type IpamConfiguration = Resource<'IPAMConfiguration', IpamConfigurationSpec>;

export function checkIpamConfiguration({ metadata, spec }: IpamConfiguration): Findings {
  const found = new Faults();
  if (metadata.name !== 'default')
    found.add('/metadata/name', `is "${metadata.name}", but there is one alone`, '"default"');
  if (spec.autoAllocateBlocks === false && !spec.strictAffinity) {
    const why = 'is false without strictAffinity, so that every address would be borrowed';
    found.add('/spec/autoAllocateBlocks', why, 'strictAffinity: true beside it');
  }
  return found;
}
