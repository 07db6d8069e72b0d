/** What a schema cannot say about BMP collectors. One list for the file and for the REST API. */
import { isMulticast, isUnspecified, tryParseAddress } from '@tortie/ip';
import type { BmpCollectorSpec } from '../api/bmp.js';
import type { Issue } from '../errors.js';
import { pointerTo } from '../schema/check.js';

/** Faults of a collector whose fields each fit the schema. */
export function checkCollector({ address, localAddress }: BmpCollectorSpec, at = ''): Issue[] {
  const issues: Issue[] = [];
  const remote = tryParseAddress(address);
  const local = localAddress === undefined ? undefined : tryParseAddress(localAddress);
  if (remote && (isUnspecified(remote) || isMulticast(remote))) {
    issues.push({ pointer: pointerTo(at, 'address'), detail: `${address} is the address of no single host` });
  }
  if (remote && local && remote.version !== local.version) {
    const detail = `${localAddress} and address ${address} are of different IP versions`;
    issues.push({ pointer: pointerTo(at, 'localAddress'), detail });
  }
  return issues;
}

/** Those, and names that are there twice. */
export function checkCollectors(collectors: readonly BmpCollectorSpec[], at: string): Issue[] {
  return collectors.flatMap((collector, index) => {
    const pointer = pointerTo(at, index);
    const first = collectors.findIndex(({ name }) => name === collector.name);
    const detail = `"${collector.name}" is already the name of ${pointerTo(at, first)}; names must differ`;
    const twice = first < index ? [{ pointer: pointerTo(pointer, 'name'), detail }] : [];
    return [...checkCollector(collector, pointer), ...twice];
  });
}
