/**
 * A routing table as UPDATEs, of the kind bench/rig sends: mostly /24, R/10 attribute sets, five prefixes per UPDATE on
 * average, AS_PATH of 2..6, MED in 30 %, 1..8 communities in 60 %, UPDATEs in shuffled order. Deterministic.
 */

export interface TableOptions {
  readonly routes: number;
  readonly version?: 4 | 6;
  readonly ibgp?: boolean;
  readonly perUpdate?: number;
  /** Changes the paths but not the prefixes. */
  readonly round?: number;
  /** Only this part of the prefixes. */
  readonly share?: number;
}

export interface Table {
  /** UPDATEs one behind the other, with headers. */
  readonly bytes: Uint8Array;
  readonly updates: number;
  readonly routes: number;
}

/** xorshift32. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const LENGTHS = [24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 22, 22, 23, 23, 21, 20, 19, 16];

/** Distinct prefixes as octets of NLRI. */
function prefixes(count: number, version: 4 | 6): Uint8Array[] {
  const random = randomNumbers(7);
  const seen = new Set<string>();
  const list: Uint8Array[] = [];
  while (list.length < count) {
    const length = version === 4 ? LENGTHS[random(LENGTHS.length)]! : 32 + 4 * random(5);
    const octets = (length + 7) >>> 3;
    const nlri = new Uint8Array(1 + octets);
    nlri[0] = length;
    for (let i = 0; i < octets; i++) nlri[1 + i] = random(256);
    nlri[1] = version === 4 ? 1 + random(222) : 0x20;
    const spare = octets * 8 - length;
    nlri[octets] = nlri[octets]! & (0xff << spare);
    const key = nlri.join();
    if (seen.has(key)) continue;
    seen.add(key);
    list.push(nlri);
  }
  return list;
}

function attributes(set: number, version: 4 | 6, ibgp: boolean, round: number): number[] {
  const random = randomNumbers(set * 2654435761 + round + 99);
  const out: number[] = [0x40, 1, 1, random(3)];
  const hops = 2 + random(5);
  out.push(0x40, 2, 2 + 4 * hops, 2, hops);
  for (let hop = 0; hop < hops; hop++) {
    const asn =
      hop === 0 && !ibgp ? 65001 : hop === hops - 1 ? 4200000000 + set + round * 1000000 : 1000 + random(60000);
    out.push(asn >>> 24, (asn >>> 16) & 255, (asn >>> 8) & 255, asn & 255);
  }
  if (version === 4) out.push(0x40, 3, 4, 192, 0, 2, 1);
  if (random(10) < 3) out.push(0x80, 4, 4, 0, 0, random(256), random(256));
  if (ibgp) out.push(0x40, 5, 4, 0, 0, 0, 100);
  if (random(25) === 0) out.push(0xc0, 7, 8, 0, 0, 1, random(256), 10, 0, 0, 1);
  if (random(10) < 6) {
    const count = 1 + random(8);
    out.push(0xc0, 8, 4 * count);
    for (let i = 0; i < count; i++) out.push(3, random(256), random(256), random(256));
  }
  return out;
}

const V6_NEXT_HOP = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

function update(block: readonly number[], nlri: readonly Uint8Array[], version: 4 | 6): number[] {
  const octets = nlri.flatMap((each) => [...each]);
  const mp = version === 6 ? [0, 2, 1, 16, ...V6_NEXT_HOP, 0, ...octets] : [];
  const area = version === 6 ? [0x90, 14, mp.length >>> 8, mp.length & 255, ...mp, ...block] : block;
  const length = 23 + area.length + (version === 4 ? octets.length : 0);
  const head = [...new Array(16).fill(255), length >>> 8, length & 255, 2, 0, 0, area.length >>> 8, area.length & 255];
  return version === 4 ? [...head, ...area, ...octets] : [...head, ...area];
}

function joined(messages: readonly (readonly number[])[], routes: number): Table {
  const bytes = new Uint8Array(messages.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const message of messages) {
    bytes.set(message, at);
    at += message.length;
  }
  return { bytes, updates: messages.length, routes };
}

/** The table as announcements in shuffled order. */
export function generateTable(options: TableOptions): Table {
  const { routes, version = 4, ibgp = false, perUpdate = 5, round = 0, share = 1 } = options;
  const random = randomNumbers(11);
  const list = prefixes(routes, version);
  const sets = Math.max(1, Math.floor(routes / 10));
  const messages: number[][] = [];
  let set = 0;
  for (let at = 0; at < routes * share; set++) {
    const block = attributes(set % sets, version, ibgp, round);
    for (let part = 0; part < 2; part++) {
      const count = Math.max(1, Math.round(-Math.log((random(1000000) + 1) / 1000001) * perUpdate));
      const nlri = list.slice(at, Math.min(at + count, Math.floor(routes * share)));
      at += nlri.length;
      if (nlri.length > 0) messages.push(update(block, nlri, version));
    }
  }
  for (let i = messages.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [messages[i], messages[j]] = [messages[j]!, messages[i]!];
  }
  return joined(messages, Math.floor(routes * share));
}

/** Withdrawals of the whole table, packed full. */
export function generateWithdrawals({ routes, version = 4 }: TableOptions): Table {
  const messages: number[][] = [];
  let octets: number[] = [];
  const end = (): void => {
    if (octets.length === 0) return;
    if (version === 4) {
      const length = 23 + octets.length;
      const lengths = [octets.length >>> 8, octets.length & 255];
      messages.push([...new Array(16).fill(255), length >>> 8, length & 255, 2, ...lengths, ...octets, 0, 0]);
    } else {
      const mp = octets.length + 3;
      const length = 23 + 4 + mp;
      const head = [...new Array(16).fill(255), length >>> 8, length & 255, 2, 0, 0, (mp + 4) >>> 8, (mp + 4) & 255];
      messages.push([...head, 0x90, 15, mp >>> 8, mp & 255, 0, 2, 1, ...octets]);
    }
    octets = [];
  };
  for (const nlri of prefixes(routes, version)) {
    if (octets.length + nlri.length > 4000) end();
    octets.push(...nlri);
  }
  end();
  return joined(messages, routes);
}
