/**
 * BFD beside the peers that ask for it: keeps the sessions as the peers are, and ends the BGP session of a peer whose
 * path is lost (RFC 5882 section 4.2). A peer that has merely shut BFD down, or never had it, loses nothing.
 */
import type { BfdReport, BfdService, StateEvent } from '@tortie/bfd/node';
import type { RunningSpeaker } from '@tortie/bgp/node';
import type { BfdStatus } from '../../src/api/bfd.js';
import type { PeerSpec } from '../../src/api/peer.js';
import { bfdSpec, isMultihop } from '../../src/peers/bfd-spec.js';
import { bfdView } from '../../src/peers/bfd-view.js';
import type { BoundPeer } from '../../src/peers/bound-peer.js';
import type { Journal } from '../journal.js';

/** The part of a BfdService that the agent uses. */
export type BfdPort = Pick<BfdService, 'set' | 'remove' | 'names' | 'report' | 'on' | 'close'>;

export interface BfdPeersOptions {
  readonly bfd: BfdPort;
  readonly speaker: RunningSpeaker;
  readonly journal: Journal;
  /** Strict mode: who may have a BGP session has changed. */
  readonly onHoldChange: () => void;
}

export class BfdPeers {
  readonly #options: BfdPeersOptions;
  readonly #up = new Set<string>();
  #report: BfdReport | undefined;

  constructor(options: BfdPeersOptions) {
    this.#options = options;
    options.bfd.on('state', (event) => this.#changed(event));
    options.bfd.on('problem', ({ name, text }) => {
      const subject = name === undefined ? {} : { subject: name };
      const what = name === undefined ? 'BFD has a problem' : `no BFD with ${name}`;
      options.journal.event({ kind: 'bfd', ...subject, text: what, cause: text }, 'warn');
      // The sessions of a thread that has ended begin anew, which says nothing of any path.
      if (name === undefined) this.#up.clear();
    });
  }

  /** Makes the sessions those of these peers; gives the names of those that are different from before. */
  apply(peers: readonly BoundPeer[]): Set<string> {
    const { bfd } = this.#options;
    const wanted = new Map(peers.flatMap((peer) => bfdSpec(peer) ?? []).map((spec) => [spec.name, spec]));
    const changed = new Set<string>();
    for (const name of bfd.names()) {
      if (wanted.has(name)) continue;
      bfd.remove(name);
      changed.add(name);
      this.#up.delete(name);
    }
    for (const spec of wanted.values()) if (bfd.set(spec)) changed.add(spec.name);
    return changed;
  }

  /** Strict mode: the peer shall have no BGP session yet. One that is established stays until the path is lost. */
  holds({ name, bfd, adminDown }: Pick<PeerSpec, 'name' | 'bfd' | 'adminDown'>): boolean {
    if (!bfd?.strict || bfd.enabled === false || adminDown || this.#up.has(name)) return false;
    return this.#options.speaker.peer(name)?.state !== 'established';
  }

  /** Asks the thread for all sessions; `report` is what it said last. */
  async refresh(): Promise<BfdReport> {
    this.#report = await this.#options.bfd.report();
    return this.#report;
  }

  get report(): BfdReport | undefined {
    return this.#report;
  }

  /** As of the last refresh; undefined where the peer has no BFD. */
  view(peer: PeerSpec): BfdStatus | undefined {
    const view = this.#report?.sessions.find(({ name }) => name === peer.name);
    return view && bfdView({ view, multihop: isMultihop(peer), holdsSession: this.holds(peer) });
  }

  close(): Promise<void> {
    return this.#options.bfd.close();
  }

  #changed({ name, from, to, failure, view }: StateEvent): void {
    const { speaker, journal, onHoldChange } = this.#options;
    const { diagnostic, remote } = view;
    const cause = failure
      ? diagnostic
      : to === 'down' && from === 'up'
        ? `the peer is ${remote?.state ?? 'gone'}`
        : undefined;
    if (to === 'up') this.#up.add(name);
    else this.#up.delete(name);
    if (to === 'up' || from === 'up' || to === 'admin-down') {
      const text = `BFD with ${name}: ${from} -> ${to}`;
      journal.event(
        { kind: 'bfd', subject: name, text, ...(cause !== undefined && { cause }) },
        failure ? 'warn' : 'info',
      );
    }
    if (failure) speaker.resetPeer(name, 'bfd-down', diagnostic);
    if (to === 'up' || from === 'up') onHoldChange();
  }
}
