/** prevResult as CHECK gets it: what ADD of the whole chain has answered. Later plugins may have added to it. */
import type { Address } from '@tortie/ip';
import { CniError } from './errors.js';
import { Fields, readAddress, refuse } from './fields.js';

export interface PreviousResult {
  readonly interfaces: readonly { readonly name: string; readonly sandbox: string }[];
  readonly addresses: readonly Address[];
}

/** Throws `ERR_CNI_CONFIG` where it is missing or unreadable. */
export function readPreviousResult(fields: Fields): PreviousResult {
  const result = fields.object('prevResult');
  if (!result) throw new CniError('ERR_CNI_CONFIG', '/prevResult is missing; CHECK needs what ADD has answered');
  const members = (key: string): Fields[] => {
    const list = result.get(key) ?? [];
    if (!Array.isArray(list)) refuse(result.at(key), list, 'it is a list');
    return list.map((value, index) => new Fields(value, `${result.at(key)}/${index}`));
  };
  return {
    interfaces: members('interfaces').map((one) => ({
      name: one.string('name') ?? '',
      sandbox: one.string('sandbox') ?? '',
    })),
    addresses: members('ips').map((one) => readAddress(one.string('address') ?? '', one.at('address'))),
  };
}
