/**
 * Logs of what peers send: every message as it came, and changes of state. BGP never waits for the disk: a message is copied
 * into a page in memory, pages are written one after another, and what comes while the pages are full is dropped and counted.
 * A page is a gzip member of its own, so a file is whole at the end of each, also after a crash.
 */

import type { FileHandle } from 'node:fs/promises';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import { FAMILIES, type SessionStateName, type TappedMessage } from '@tortie/bgp';
import { encodeMrt } from '@tortie/bgp/mrt';
import type { RunningSpeaker, SessionEvent } from '@tortie/bgp/node';
import { type Address, ipv4, ipv6 } from '@tortie/ip';
import type { MrtStatus, MrtUpdateConfig } from '../../src/api/mrt.js';
import { fileNameMatcher, formatFileName, multipleBefore, numberedName } from '../../src/mrt/file-pattern.js';
import type { Journal } from '../journal.js';
import { removeOldFiles } from './retention.js';

const gzip = promisify(gzipCallback);

const PAGE_OCTETS = 1 << 18;
/** A page that is not full goes to the disk after this time. */
const FLUSH_MS = 1000;
/** After a failure the disk is tried again this late. */
const RETRY_MS = 5000;

/** RFC 4271 section 8.2.2, as MRT counts them. */
const STATES: Readonly<Record<SessionStateName, number>> = {
  idle: 1,
  connect: 2,
  active: 3,
  'open-sent': 4,
  'open-confirm': 5,
  established: 6,
};
const MESSAGE_UPDATE = 2;
const MESSAGE_KEEPALIVE = 4;
const AS_TRANS = 23456;

interface Page {
  /** Of the file it belongs to. */
  readonly fileMs: number;
  readonly parts: Uint8Array[];
  octets: number;
}

export interface UpdateLogOptions {
  readonly config: Required<Omit<MrtUpdateConfig, 'keepHours' | 'peers'>> &
    Pick<MrtUpdateConfig, 'keepHours' | 'peers'>;
  readonly speaker: RunningSpeaker;
  readonly journal: Journal;
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
}

export class UpdateLog {
  readonly #options: UpdateLogOptions;
  readonly #now: () => number;
  readonly #peers: ReadonlySet<string> | undefined;
  readonly #limit: number;
  readonly #onSession: (event: SessionEvent) => void;
  readonly #timer: NodeJS.Timeout;
  #pages: Page[] = [];
  #queuedOctets = 0;
  #records = 0;
  #dropped = 0;
  #octets = 0;
  #writing: Promise<void> | undefined;
  #file: { readonly handle: FileHandle; readonly name: string; readonly fileMs: number } | undefined;
  #error: string | undefined;
  #retryAtMs = 0;

  constructor(options: UpdateLogOptions) {
    const { config, speaker } = options;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#peers = config.peers && new Set(config.peers);
    this.#limit = config.queueMiB * 1024 * 1024;
    this.#onSession = (event) => this.#session(event);
    speaker.on('session', this.#onSession);
    speaker.onMessage = (message) => this.#message(message);
    this.#timer = setInterval(() => this.#write(), FLUSH_MS);
    this.#timer.unref();
  }

  #message(message: TappedMessage): void {
    const { peer, type, octets, receive } = message;
    if (this.#peers !== undefined && !this.#peers.has(peer)) return;
    if (type === MESSAGE_KEEPALIVE && !this.#options.config.keepalives) return;
    // Dropped before anything is spent on it.
    if (this.#isFull(octets.length)) return;
    const wide = receive.fourOctetAs || type !== MESSAGE_UPDATE;
    const fit = (asn: number): number => (wide || asn <= 0xffff ? asn : AS_TRANS);
    const { peerAsn, localAsn, peerAddress, localAddress } = message;
    this.#put({
      type: 'message',
      timestampS: Math.floor(this.#now() / 1000),
      peerAsn: fit(peerAsn),
      localAsn: fit(localAsn),
      interfaceIndex: 0,
      peerAddress,
      localAddress: sameVersion(peerAddress, localAddress),
      message: octets,
      fourOctetAs: wide,
      addPath:
        type === MESSAGE_UPDATE && FAMILIES.some(({ index }) => receive.families[index] && receive.addPath[index]),
      local: false,
    });
  }

  #session({ peer, from, to }: SessionEvent): void {
    if (this.#peers !== undefined && !this.#peers.has(peer)) return;
    const view = this.#options.speaker.peer(peer);
    if (!view || this.#isFull(64)) return;
    const { remoteAddress, remoteAsn, localAsn } = view.config;
    this.#put({
      type: 'state-change',
      timestampS: Math.floor(this.#now() / 1000),
      peerAsn: typeof remoteAsn === 'number' ? remoteAsn : 0,
      localAsn,
      interfaceIndex: 0,
      peerAddress: remoteAddress,
      localAddress: sameVersion(remoteAddress, view.localAddress),
      oldState: STATES[from],
      newState: STATES[to],
    });
  }

  #isFull(octets: number): boolean {
    if (this.#queuedOctets + octets <= this.#limit) return false;
    this.#dropped++;
    return true;
  }

  #put(record: Parameters<typeof encodeMrt>[0]): void {
    const octets = encodeMrt(record);
    const fileMs = multipleBefore(this.#now(), this.#options.config.rotateS);
    let page = this.#pages.at(-1);
    if (!page || page.fileMs !== fileMs || page.octets >= PAGE_OCTETS) {
      page = { fileMs, parts: [], octets: 0 };
      this.#pages.push(page);
    }
    page.parts.push(octets);
    page.octets += octets.length;
    this.#records++;
    this.#octets += octets.length;
    this.#queuedOctets += octets.length;
    if (page.octets >= PAGE_OCTETS) this.#write();
  }

  #write(): void {
    if (this.#writing || this.#now() < this.#retryAtMs) return;
    this.#writing = this.#drain().finally(() => {
      this.#writing = undefined;
    });
  }

  async #drain(): Promise<void> {
    try {
      // The disk may take long: what comes meanwhile goes into the last page, or a new one.
      for (let page = this.#pages.shift(); page; page = this.#pages.shift()) {
        try {
          await this.#writePage(page);
        } catch (error) {
          this.#dropped += page.parts.length;
          throw error;
        } finally {
          this.#queuedOctets -= page.octets;
        }
      }
      // A file whose time is over is closed also where nothing comes.
      if (this.#file && this.#file.fileMs !== multipleBefore(this.#now(), this.#options.config.rotateS)) {
        await this.#closeFile();
      }
      if (this.#error !== undefined) {
        this.#error = undefined;
        this.#options.journal.event({ kind: 'mrt', text: 'the MRT update log is written again' });
      }
    } catch (error) {
      const { message } = error as Error;
      if (this.#error !== message) {
        const text = 'the MRT update log cannot be written; what peers send is not logged meanwhile';
        this.#options.journal.event({ kind: 'mrt', text, cause: message }, 'warn');
      }
      this.#error = message;
      this.#retryAtMs = this.#now() + RETRY_MS;
      await this.#closeFile().catch(() => {});
    }
  }

  async #writePage({ fileMs, parts }: Page): Promise<void> {
    if (this.#file?.fileMs !== fileMs) await this.#openFile(fileMs);
    const octets = Buffer.concat(parts);
    await this.#file!.handle.writeFile(this.#options.config.gzip ? await gzip(octets) : octets);
  }

  /** A file that is there already, of a run before this one, is never touched: its end may be cut off. */
  async #openFile(fileMs: number): Promise<void> {
    const { directory, file, gzip: compressed, keep, keepHours } = this.#options.config;
    await this.#closeFile();
    await mkdir(directory, { recursive: true });
    for (let number = 1; ; number++) {
      const name = `${numberedName(formatFileName(file, fileMs), number)}${compressed ? '.gz' : ''}`;
      try {
        this.#file = { handle: await open(join(directory, name), 'ax'), name, fileMs };
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
    const matcher = fileNameMatcher(file, compressed);
    await removeOldFiles({ directory, matcher, keep, keepHours }, this.#now(), this.#file.name);
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }

  status(): NonNullable<MrtStatus['updates']> {
    const { directory } = this.#options.config;
    return {
      directory,
      ...(this.#file && { file: join(directory, this.#file.name) }),
      records: this.#records,
      dropped: this.#dropped,
      octets: this.#octets,
      queuedOctets: this.#queuedOctets,
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    const { speaker } = this.#options;
    clearInterval(this.#timer);
    speaker.off('session', this.#onSession);
    speaker.onMessage = undefined;
    await this.#writing;
    await this.#drain();
    await this.#closeFile();
  }
}

/** RFC 6396 section 4.4 has one AFI for both addresses; an unknown one is all zeros. */
function sameVersion(peer: Address, local: Address | undefined): Address {
  if (local?.version === peer.version) return local;
  return peer.version === 4 ? ipv4(0) : ipv6(0, 0, 0, 0);
}
