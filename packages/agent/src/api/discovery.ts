/** Who is at the far end of an interface, of a peer that is named by its interface. */
import { Timestamp } from './text.js';
import { type Static, Type } from './type.js';

export const PeerDiscovery = Type.Object(
  {
    state: Type.Union([Type.Literal('found'), Type.Literal('waiting')]),
    address: Type.Optional(Type.String({ description: 'The link-local address the session goes to' })),
    heardBy: Type.Optional(
      Type.Union([Type.Literal('router-advertisement'), Type.Literal('neighbour-table'), Type.Literal('connection')], {
        description:
          'router-advertisement: it said so itself; neighbour-table: the kernel knows it as a router; connection: it has called us',
      }),
    ),
    lastHeard: Type.Optional(Timestamp),
    localAddress: Type.Optional(Type.String({ description: 'Our own link-local address on the interface' })),
    others: Type.Optional(Type.Array(Type.String(), { description: 'Further routers heard on the interface' })),
    reason: Type.Optional(
      Type.String({ description: 'Why there is no address, or what is in the way of hearing one' }),
    ),
  },
  { description: 'Of a peer with "interface": what is known of its address' },
);
export type PeerDiscovery = Static<typeof PeerDiscovery>;
