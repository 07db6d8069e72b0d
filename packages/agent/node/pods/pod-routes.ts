/** Routes to pods as others change them: they are told by their prefixes, to be looked at. */
import { formatAddress } from '@tortie/ip';
import { type Rtnetlink, type Subscription, subscribeEvents } from '@tortie/linux/node';
import type { RouteMark } from './pod-link.js';

/** `onTouched` gets addresses as text; `onLost` is called where the kernel has told more than could be read. */
export function watchPodRoutes(
  rtnetlink: Rtnetlink,
  { metric, table }: RouteMark,
  onTouched: (addresses: readonly string[]) => void,
  onLost: () => void,
): Promise<Subscription> {
  return subscribeEvents({
    groups: ['route'],
    routesAt: { metric, except: rtnetlink.portId },
    onEvents: (events) => {
      const touched = events.flatMap((event) =>
        event.type === 'route' && event.route.table === table ? [formatAddress(event.route.prefix)] : [],
      );
      if (touched.length > 0) onTouched(touched);
    },
    onResync: onLost,
  });
}
