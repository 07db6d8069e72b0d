/** The bearer token of requests over TCP: read from its file, compared in constant time, read again when it changes. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { AgentError } from '../../src/errors.js';

const MIN_LENGTH = 16;

export class TokenFile {
  readonly #path: string;
  #stamp = '';
  #digest: Buffer;

  /** Throws ERR_AGENT_TOKEN for a file that is missing or holds no usable token. */
  constructor(path: string) {
    this.#path = path;
    this.#digest = this.#read();
  }

  /** Whether an Authorization header carries the token. A file that cannot be read any more lets nobody in. */
  accepts(header: string | undefined): boolean {
    const token = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? '';
    try {
      if (this.#stampNow() !== this.#stamp) this.#digest = this.#read();
    } catch {
      return false;
    }
    return timingSafeEqual(digest(token), this.#digest);
  }

  #stampNow(): string {
    const { mtimeMs, size, ino } = statSync(this.#path);
    return `${mtimeMs} ${size} ${ino}`;
  }

  #read(): Buffer {
    let text: string;
    try {
      this.#stamp = this.#stampNow();
      text = readFileSync(this.#path, 'utf8').trim();
    } catch (cause) {
      throw new AgentError('ERR_AGENT_TOKEN', `the token file cannot be read: ${(cause as Error).message}`, { cause });
    }
    if (text.length < MIN_LENGTH || /\s/.test(text)) {
      throw new AgentError(
        'ERR_AGENT_TOKEN',
        `the token file ${this.#path} must hold one word of ${MIN_LENGTH} characters or more; write one with: openssl rand -hex 32 > ${this.#path}`,
      );
    }
    return digest(text);
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
