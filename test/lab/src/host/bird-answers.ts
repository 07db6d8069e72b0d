/** What BIRD's answers mean. Pure. */
import type { BirdLine } from './bird-control.js';

export interface BirdProtocol {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  /** `Established`, `Active`, …; for BGP the state of the session with its reason. */
  readonly info: string;
  /** Of BGP. */
  readonly neighborAddress?: string;
  readonly neighborAsn?: number;
  /** Routes per channel, summed: taken in, filtered away, sent out. */
  readonly imported: number;
  readonly filtered: number;
  readonly exported: number;
}

/** Reads `show protocols all`. */
export function birdProtocols(lines: readonly BirdLine[]): BirdProtocol[] {
  const protocols: { -readonly [K in keyof BirdProtocol]: BirdProtocol[K] }[] = [];
  for (const { code, text } of lines) {
    if (code === 1002) {
      const match = /^(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+\S+(?:\s+\S+:\S+)?\s*(.*)$/.exec(text);
      if (!match) continue;
      const [, name, type, , state, info] = match;
      protocols.push({
        name: name!,
        type: type!,
        state: state!,
        info: info!.trim(),
        imported: 0,
        filtered: 0,
        exported: 0,
      });
    }
    const current = protocols.at(-1);
    const neighbor = /^\s*Neighbor (address|AS):\s+([^\s%]+)/.exec(text);
    if (current && neighbor?.[1] === 'address') current.neighborAddress = neighbor[2]!;
    else if (current && neighbor) current.neighborAsn = Number(neighbor[2]);
    const routes = /^\s*Routes:\s+(.*)$/.exec(text);
    if (!current || !routes) continue;
    for (const part of routes[1]!.split(',')) {
      const match = /(\d+) (imported|filtered|exported)/.exec(part);
      if (match) current[match[2] as 'imported' | 'filtered' | 'exported'] += Number(match[1]);
    }
  }
  return protocols;
}
