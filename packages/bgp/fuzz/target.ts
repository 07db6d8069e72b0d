/** What a fuzz target is. */
export interface Target {
  readonly name: string;
  /** Octets before the records of an input (see records.ts); undefined: the input is plain octets. */
  readonly headOctets: number | undefined;
  readonly maxOctets: number;
  /** Inputs to begin with. */
  seeds(): Iterable<Uint8Array>;
  /** Throws where something that must hold does not. Keeps nothing from one input to the next. */
  run(input: Uint8Array): void;
  /** The most counted branches a run over so many octets may take: time is linear in the input. */
  workLimit(octets: number): number;
}
