/** `tortie mrt print`: routes of MRT files as lines, as JSON, or as bgpdump prints them. */
import {
  BgpdumpFormat,
  MrtFilter,
  MrtLineFormat,
  type MrtRoute,
  MrtRouteWalk,
  mrtRouteView,
  walkMrt,
} from '@tortie/bgp/mrt';
import { mrtOctets } from '@tortie/bgp/mrt/node';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';
import { DamageReport } from './damage.js';
import { type FilterOptions, readFilter } from './filter-options.js';
import { LineWriter } from './line-writer.js';

interface PrintOptions extends FilterOptions {
  readonly bgpdump?: boolean;
  readonly count?: boolean;
}

export async function printMrt(context: Context, files: readonly string[], options: PrintOptions): Promise<void> {
  if (options.bgpdump && context.json) throw new UsageError('one of --bgpdump, --json');
  const filter = new MrtFilter(readFilter(options));
  const writer = new LineWriter(context.io.stdout);
  const damage = new DamageReport(context);
  const toLine = options.count ? undefined : formatOf(context, options);
  let count = 0;
  const visit = (route: MrtRoute): void => {
    if (!filter.admits(route)) return;
    count++;
    if (toLine) writer.line(toLine(route));
  };
  try {
    for (const file of files) {
      const routes = new MrtRouteWalk();
      await walkMrt(
        mrtOctets(file),
        (frame) => {
          // The peers of a table dump are needed whatever its time.
          if (filter.admitsTime(frame) || routes.isPeerIndex(frame)) routes.walk(frame, visit);
        },
        { damaged: damage.of(file), pause: () => writer.pause() },
      );
    }
  } finally {
    writer.flush();
  }
  if (options.count) context.line(context.json ? JSON.stringify({ count }) : String(count));
  damage.finish();
}

function formatOf({ json }: Context, { bgpdump }: PrintOptions): (route: MrtRoute) => string {
  if (json) return (route) => JSON.stringify(mrtRouteView(route));
  const format = bgpdump ? new BgpdumpFormat() : new MrtLineFormat();
  return (route) => format.line(route);
}
