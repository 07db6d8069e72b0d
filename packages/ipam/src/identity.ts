/** What tells one cluster's store from another's, drawn once: a report of one must not be used on another. */
import type { IpamContext } from './context.js';
import type { Draft } from './draft.js';
import { IpamError } from './errors.js';
import { IDENTITY } from './record/keys.js';
import { assertVersion } from './record/version.js';

export async function planIdentity({ random }: IpamContext, draft: Draft): Promise<string> {
  const entry = await draft.read(IDENTITY);
  if (entry) {
    assertVersion(entry);
    const { id } = entry.value as { readonly id?: unknown };
    if (typeof id !== 'string') throw new IpamError('ERR_IPAM_RECORD', `${IDENTITY} is no identity`);
    return id;
  }
  const word = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  const id = [word(), word(), word(), word()].join('');
  draft.put(IDENTITY, { id });
  return id;
}
