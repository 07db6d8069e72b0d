/** Services that have a ready endpoint on this node, for traffic that is to come to such nodes alone (externalTrafficPolicy: Local). */
import { ipAddress, resourceName } from './text.js';
import { type Static, Type } from './type.js';

export const ServiceSpec = Type.Object(
  {
    addresses: Type.Array(ipAddress(), {
      minItems: 1,
      maxItems: 64,
      description: 'Its external and load balancer addresses. Each is announced while one service or more has it',
    }),
  },
  { additionalProperties: false },
);
export type ServiceSpec = Static<typeof ServiceSpec>;

export const Service = Type.Object({
  name: resourceName(),
  ...ServiceSpec.properties,
  withheld: Type.Array(Type.String(), {
    description: 'Of the addresses, those in no range of services of BGPConfiguration: they are not announced',
  }),
  revision: Type.Integer(),
});
export type Service = Static<typeof Service>;

export const ServiceList = Type.Object({ services: Type.Array(Service) });
export type ServiceList = Static<typeof ServiceList>;
