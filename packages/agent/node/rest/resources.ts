/** Every REST resource, a row each. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { RestContext } from './context.js';
import { bmpCollectorRoutes } from './routes/bmp-collectors.js';
import { clusterRoutes } from './routes/cluster.js';
import { drainRoutes } from './routes/drain.js';
import { fibRoutes } from './routes/fib.js';
import { ipamRoutes } from './routes/ipam.js';
import { ipamCareRoutes } from './routes/ipam-care.js';
import { ipamUsageRoutes } from './routes/ipam-usage.js';
import { mrtRoutes } from './routes/mrt.js';
import { nodeRoutes } from './routes/node.js';
import { originatedRoutes } from './routes/originated.js';
import { peerRangeRoutes } from './routes/peer-ranges.js';
import { peerTableRoutes } from './routes/peer-tables.js';
import { peerRoutes } from './routes/peers.js';
import { planRoutes } from './routes/plan.js';
import { podRoutes } from './routes/pods.js';
import { poolRoutes } from './routes/pools.js';
import { resourceRoutes } from './routes/resources.js';
import { routeRoutes } from './routes/routes.js';
import { serviceRoutes } from './routes/services.js';
import { wireguardRoutes } from './routes/wireguard.js';

export type Resource = (context: RestContext) => FastifyPluginAsyncTypebox;

export const RESOURCES: readonly Resource[] = [
  nodeRoutes,
  peerRoutes,
  peerTableRoutes,
  peerRangeRoutes,
  routeRoutes,
  fibRoutes,
  originatedRoutes,
  serviceRoutes,
  poolRoutes,
  ipamRoutes,
  ipamUsageRoutes,
  ipamCareRoutes,
  podRoutes,
  clusterRoutes,
  planRoutes,
  drainRoutes,
  wireguardRoutes,
  bmpCollectorRoutes,
  mrtRoutes,
  resourceRoutes,
];
