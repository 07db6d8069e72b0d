/** /v1/drain: traffic leaves the node before maintenance, and comes back. */
import { DrainRequest, DrainState } from '../../../src/api/drain.js';
import type { NodeDrain } from '../../sessions/node-drain.js';
import type { Resource } from '../resources.js';

const tags = ['node'];

export const drainRoutes: Resource =
  ({ nodeDrain }) =>
  async (app) => {
    app.get(
      '/v1/drain',
      { schema: { tags, summary: 'Whether the node is drained', response: { 200: DrainState } } },
      async () => stateOf(nodeDrain),
    );

    app.post(
      '/v1/drain',
      {
        schema: {
          tags,
          summary:
            'Has traffic leave the node: routes are told for graceful shutdown (RFC 8326), then withdrawn; sessions and forwarding go on',
          body: DrainRequest,
          response: { 200: DrainState },
        },
      },
      async (request) => {
        const { drain, waitS = 30 } = request.body;
        if (drain) await nodeDrain.start(waitS);
        else await nodeDrain.stop();
        return stateOf(nodeDrain);
      },
    );
  };

const stateOf = ({ phase, withdrawAtMs }: NodeDrain): DrainState => ({
  phase,
  ...(withdrawAtMs !== undefined && { withdrawAt: new Date(withdrawAtMs).toISOString() }),
});
