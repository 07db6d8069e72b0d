/** What every operation works with. */
import type { Address, IpVersion } from '@tortie/ip';
import { reservedIn, type Terms } from './block.js';
import type { BlockRecord } from './record/block-record.js';
import type { SwapContext } from './swap.js';

export interface IpamContext extends SwapContext {
  readonly now: () => number;
  readonly random: () => number;
}

/** Under which terms the block's ordinals may be handed out at this moment. */
export function termsFor(context: IpamContext, block: BlockRecord): Terms {
  const { catalogue } = context;
  return {
    now: context.now(),
    cooldownMs: catalogue.config.cooldownS * 1000,
    isReserved:
      catalogue.reservations.length === 0
        ? () => false
        : reservedIn(block, (address: Address) => catalogue.isReserved(address)),
  };
}

export const VERSIONS: readonly IpVersion[] = [4, 6];
