/** `tortie wireguard`: this node's key and its peers: show, rotate. */
import type { Wireguard, WireguardPeerView } from '@tortie/agent/api';
import type { Context } from '../context.js';
import { since } from '../output/duration.js';
import type { Column } from '../output/table.js';

type Row = WireguardPeerView & { readonly interface: string };

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NODE', value: ({ node }) => node },
  { title: 'INTERFACE', value: (row) => row.interface },
  { title: 'ENDPOINT', value: ({ endpoint }) => endpoint },
  { title: 'HANDSHAKE', value: ({ lastHandshakeAt: at }) => (at === undefined ? 'none yet' : `${since(at)} ago`) },
  { title: 'PUBLIC KEY', value: ({ publicKey }) => publicKey },
];

const rowsOf = ({ devices }: Wireguard): Row[] =>
  devices.flatMap((device) => device.peers.map((peer) => ({ ...peer, interface: device.interface })));

export async function showWireguard(context: Context): Promise<void> {
  context.answer(await context.client().get<Wireguard>('/v1/wireguard'), (wireguard) => {
    const { publicKey, devices } = wireguard;
    if (devices.length === 0) return ['no pool asks for WireGuard: tortie ipam pools set POOL --wireguard Always'];
    return [`public key of this node: ${publicKey}`, '', ...context.table(COLUMNS, rowsOf(wireguard))];
  });
}

export async function rotateKey(context: Context): Promise<void> {
  const { body } = await context.client().call<Wireguard>('POST', '/v1/wireguard/rotate');
  context.answer(body, ({ publicKey, devices }) => [
    `the public key of this node is now ${publicKey}`,
    devices.length === 0
      ? 'no pool asks for WireGuard: nobody has to be told'
      : 'the other nodes take it up; see who has answered with: tortie wireguard show',
  ]);
}
