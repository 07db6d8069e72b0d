/** What every operation works with. */
import type { Address, IpVersion } from '@tortie/ip';
import { type Rest, reservedIn, type Terms } from './block.js';
import type { BlockRecord } from './record/block-record.js';
import type { SwapContext } from './swap.js';

export interface IpamContext extends SwapContext {
  /** Never goes back. */
  readonly now: () => number;
  readonly random: () => number;
}

/** How long released addresses of the block of this key rest. */
export function restFor({ catalogue, now: clock }: IpamContext, key: string): Rest {
  const now = clock();
  return { now, cooldownMs: catalogue.config.cooldownS * 1000, seenAt: catalogue.blocks.get(key)?.seenAt ?? now };
}

/** Under which terms the ordinals of the block of this key may be handed out at this moment. */
export function termsFor(context: IpamContext, key: string, block: BlockRecord): Terms {
  const { catalogue } = context;
  return {
    ...restFor(context, key),
    isReserved:
      catalogue.reservations.length === 0
        ? () => false
        : reservedIn(block, (address: Address) => catalogue.isReserved(address)),
  };
}

export const VERSIONS: readonly IpVersion[] = [4, 6];
