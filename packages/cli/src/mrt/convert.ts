/** `tortie mrt convert`: the wanted routes of an MRT file, written to another one. */

import { MrtConverter, MrtFilter, type MrtFrame, walkMrt } from '@tortie/bgp/mrt';
import { MrtOutput, mrtOctets } from '@tortie/bgp/mrt/node';
import { counted } from '@tortie/ip';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';
import { DamageReport } from './damage.js';
import { type FilterOptions, namesRoutes, readFilter } from './filter-options.js';

interface ConvertOptions extends FilterOptions {
  readonly updates?: boolean;
}

export async function convertMrt(
  context: Context,
  file: string,
  output: string,
  options: ConvertOptions,
): Promise<void> {
  const compressed = /\.(bz2|xz|zst)$/.exec(output);
  if (compressed)
    throw new UsageError(`${output}: only .gz is written; pipe "-" through a program for ${compressed[0]}`);
  if (file === output && file !== '-') throw new UsageError(`${file} would be overwritten while it is read`);
  const converter = new MrtConverter({
    filter: new MrtFilter(readFilter(options)),
    form: options.updates ? 'updates' : 'same',
    routesOnly: namesRoutes(options),
  });
  const damage = new DamageReport(context);
  if (file !== '-') await collectPeers(file, converter);
  const target = new MrtOutput(output);
  let records = 0;
  const emit = (octets: Uint8Array): void => {
    records++;
    target.write(octets);
  };
  const visit = (frame: MrtFrame): void => {
    if (file === '-' && converter.needsCollecting(frame)) {
      throw new UsageError('a TABLE_DUMP has to be read twice; give it as a file');
    }
    converter.convert(frame, emit);
  };
  await walkMrt(mrtOctets(file), visit, { damaged: damage.of(file), pause: () => target.pause() });
  converter.finish(emit);
  await target.close();
  const { routes } = converter;
  if (output !== '-') {
    context.answer({ file: output, records, routes, octets: target.octets }, () => [
      `${output}: ${counted(records, 'record')}, ${counted(routes, 'route')} and changes of state`,
    ]);
  }
  damage.finish();
}

/** The first of two passes; other files than TABLE_DUMP are left at once. */
async function collectPeers(file: string, converter: MrtConverter): Promise<void> {
  let enough = false;
  const visit = (frame: MrtFrame): void => {
    enough = !converter.needsCollecting(frame);
    converter.collect(frame);
  };
  // What is damaged is told by the second pass.
  await walkMrt(mrtOctets(file), visit, { damaged: () => {}, enough: () => enough });
}
