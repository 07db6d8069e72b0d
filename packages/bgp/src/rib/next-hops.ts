/** Next hops as dense ids, with what the kernel or an IGP says about each. */
import { type Address, addressesEqual, formatAddress, isUnspecified } from '@tortie/ip';

export interface NextHopState {
  readonly reachable: boolean;
  /** The interior cost, RFC 4271 section 9.1.2.2 e. Default 0. */
  readonly metric?: number;
}

interface Entry {
  readonly address: Address;
  references: number;
  /** Undefined while nobody has set it: then the default holds. */
  state: NextHopState | undefined;
}

export class NextHopTable {
  /** Called once for each next hop that comes into use and whose state nobody has set. Must not call back into the RIB. */
  onUnresolved: ((address: Address) => void) | undefined;
  /** Called when the last route with this next hop is gone. Must not call back into the RIB. */
  onUnused: ((address: Address) => void) | undefined;
  /** The RIB's own: a state changed, and routes with this id have to be decided anew. */
  readonly #onChange: (id: number) => void;
  readonly #entries: (Entry | undefined)[] = [undefined];
  readonly #ids = new Map<string, number>();
  readonly #free: number[] = [];
  #last = 0;
  #default: NextHopState = { reachable: true };
  /** By id, for the decision process. */
  reachable = new Uint8Array(64);
  metric = new Float64Array(64);

  constructor(onChange: (id: number) => void) {
    this.#onChange = onChange;
  }

  /** The state of a next hop nobody has set. Default reachable with metric 0: right for a library without a kernel. */
  setDefault(state: NextHopState): void {
    this.#default = state;
    for (const [id, entry] of this.#entries.entries()) if (entry && !entry.state) this.#apply(id, state);
  }

  /** Sets the state; routes that use the next hop are decided anew by the following work(). */
  set(address: Address, state: NextHopState): void {
    const key = formatAddress(address);
    const id = this.#ids.get(key) ?? this.#add(address, key, 0);
    this.#entries[id]!.state = state;
    this.#apply(id, state);
    if (this.#entries[id]!.references === 0 && sameState(state, this.#default)) this.#remove(id);
  }

  get(address: Address): NextHopState {
    const id = this.#ids.get(formatAddress(address));
    return (id === undefined ? undefined : this.#entries[id]!.state) ?? this.#default;
  }

  /** Next hops in use. */
  *addresses(): Generator<Address> {
    for (const entry of this.#entries) if (entry && entry.references > 0) yield entry.address;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** The id of an address, with one more reference. The RIB's own, as is all below. */
  retain(address: Address): number {
    const last = this.#entries[this.#last];
    if (last && addressesEqual(last.address, address)) {
      last.references++;
      return this.#last;
    }
    const key = formatAddress(address);
    let id = this.#ids.get(key);
    if (id === undefined) id = this.#add(address, key, 1);
    else this.#entries[id]!.references++;
    const entry = this.#entries[id]!;
    if (entry.references === 1 && !entry.state && !isUnspecified(address)) this.onUnresolved?.(address);
    this.#last = id;
    return id;
  }

  release(id: number): void {
    const entry = this.#entries[id]!;
    if (--entry.references > 0) return;
    // Whoever hears that a next hop is unused stops following it: its state would go stale, and is forgotten with it.
    const heard = this.onUnused !== undefined && !isUnspecified(entry.address);
    if (heard) this.onUnused?.(entry.address);
    // Else a state that was set is kept: it may have been set before the first route came. The setter bounds those.
    if (heard || !entry.state || entry.state === SELF || sameState(entry.state, this.#default)) this.#remove(id);
  }

  address(id: number): Address {
    return this.#entries[id]!.address;
  }

  #add(address: Address, key: string, references: number): number {
    const id = this.#free.pop() ?? this.#entries.length;
    if (id >= this.reachable.length) {
      const reachable = new Uint8Array(id * 2);
      reachable.set(this.reachable);
      this.reachable = reachable;
      const metric = new Float64Array(id * 2);
      metric.set(this.metric);
      this.metric = metric;
    }
    // The unspecified address stands for ourselves: always there.
    this.#entries[id] = { address, references, state: isUnspecified(address) ? SELF : undefined };
    this.#ids.set(key, id);
    const state = this.#entries[id]!.state ?? this.#default;
    this.reachable[id] = state.reachable ? 1 : 0;
    this.metric[id] = state.metric ?? 0;
    return id;
  }

  #remove(id: number): void {
    this.#ids.delete(formatAddress(this.#entries[id]!.address));
    this.#entries[id] = undefined;
    this.#free.push(id);
    if (this.#last === id) this.#last = 0;
  }

  #apply(id: number, { reachable, metric = 0 }: NextHopState): void {
    if (this.reachable[id] === (reachable ? 1 : 0) && this.metric[id] === metric) return;
    this.reachable[id] = reachable ? 1 : 0;
    this.metric[id] = metric;
    if (this.#entries[id]!.references > 0) this.#onChange(id);
  }
}

const SELF: NextHopState = { reachable: true };

const sameState = (x: NextHopState, y: NextHopState): boolean =>
  x.reachable === y.reachable && (x.metric ?? 0) === (y.metric ?? 0);
