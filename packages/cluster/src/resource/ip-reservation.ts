/** IPReservation: addresses that are never handed out by themselves. Kept by address management, and nowhere else. */
import { type Static, Type } from '../schema/type.js';
import type { Resource } from './resource.js';

export const IpReservationSpec = Type.Object(
  {
    reservedCIDRs: Type.Array(Type.String({ format: 'ip-prefix-or-address' }), {
      minItems: 1,
      maxItems: 1000,
      description: 'Prefixes and addresses; those in use stay in use',
    }),
  },
  { additionalProperties: false, description: 'Reserved addresses' },
);
export type IpReservationSpec = Static<typeof IpReservationSpec>;
export type IpReservation = Resource<'IPReservation', IpReservationSpec>;
