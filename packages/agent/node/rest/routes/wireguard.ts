/** /v1/wireguard: the node's public key and peers, and another key. */
import { Wireguard } from '../../../src/api/wireguard.js';
import type { Resource } from '../resources.js';

const tags = ['node'];

export const wireguardRoutes: Resource =
  ({ dataplane }) =>
  async (app) => {
    app.get(
      '/v1/wireguard',
      { schema: { tags, summary: "WireGuard: this node's public key and its peers", response: { 200: Wireguard } } },
      async () => dataplane.wireguard(),
    );

    app.post(
      '/v1/wireguard/rotate',
      {
        schema: {
          tags,
          summary:
            'Makes another key pair for this node, gives it to the kernel and tells the other nodes its public half',
          response: { 200: Wireguard },
        },
      },
      async () => dataplane.rotateWireguardKey(),
    );
  };
