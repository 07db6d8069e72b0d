/** Mutations of plain octets, a few at a time. */

const INTERESTING = [0, 1, 2, 3, 4, 5, 8, 14, 15, 16, 17, 18, 19, 23, 24, 32, 33, 64, 65, 69, 127, 128, 129, 254, 255];

export type Random = () => number;

/** A whole number below `limit`. */
export const pick = (random: Random, limit: number): number => Math.floor(random() * limit);

function splice(input: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const output = new Uint8Array(input.length - remove + insert.length);
  output.set(input.subarray(0, at));
  output.set(insert, at);
  output.set(input.subarray(at + remove), at + insert.length);
  return output;
}

/** A piece of `from`, mostly short. */
function piece(from: Uint8Array, random: Random): Uint8Array {
  const at = pick(random, from.length);
  const longest = random() < 0.7 ? 16 : from.length;
  return from.subarray(at, at + 1 + pick(random, Math.min(longest, from.length - at)));
}

/** One change; `donor` lends octets. */
function mutateOnce(input: Uint8Array, donor: Uint8Array, random: Random): Uint8Array {
  if (input.length === 0) return Uint8Array.from({ length: 1 + pick(random, 8) }, () => pick(random, 256));
  const at = pick(random, input.length);
  const output = input.slice();
  switch (pick(random, 11)) {
    case 0:
      output[at]! ^= 1 << pick(random, 8);
      return output;
    case 1:
      output[at] = pick(random, 256);
      return output;
    case 2:
    case 3:
      output[at] = INTERESTING[pick(random, INTERESTING.length)]!;
      return output;
    case 4:
      output[at]! += pick(random, 9) - 4;
      return output;
    case 5:
      return splice(
        input,
        at,
        1 + pick(random, Math.min(random() < 0.7 ? 8 : 1e9, input.length - at)),
        new Uint8Array(),
      );
    case 6:
      return splice(input, at, 0, new Uint8Array(1 + pick(random, 8)).fill(random() < 0.5 ? 0 : pick(random, 256)));
    case 7:
      return splice(input, at, 0, piece(input, random));
    case 8: {
      if (donor.length === 0) return output;
      const lent = piece(donor, random);
      return splice(input, at, random() < 0.5 ? 0 : Math.min(lent.length, input.length - at), lent);
    }
    case 9:
      // What is repeated is where work that is not linear shows.
      return splice(input, at, 0, repeated(piece(input, random), 1 + pick(random, random() < 0.9 ? 8 : 200)));
    default: {
      const wide = INTERESTING[pick(random, INTERESTING.length)]! << (random() < 0.5 ? 8 : 0);
      output[at] = wide >>> 8;
      if (at + 1 < output.length) output[at + 1] = wide & 0xff;
      return output;
    }
  }
}

function repeated(bytes: Uint8Array, times: number): Uint8Array {
  const output = new Uint8Array(bytes.length * times);
  for (let index = 0; index < times; index++) output.set(bytes, index * bytes.length);
  return output;
}

export function mutateOctets(input: Uint8Array, donor: Uint8Array, random: Random): Uint8Array {
  let output = input;
  do output = mutateOnce(output, donor, random);
  while (random() < 0.5);
  return output;
}
