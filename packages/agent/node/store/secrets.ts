/**
 * Passwords that resources name and never hold: files, as Kubernetes mounts secrets, else records of the store. They are read
 * by the sessions that need them and shown to nobody.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecretReference } from '@tortie/cluster';
import { type FollowEvent, goneIn } from '@tortie/store';
import { nameIn, SECRETS, secretKey } from '../../src/store/keys.js';

export interface StoredSecret {
  readonly data: Readonly<Record<string, string>>;
}

export class Secrets {
  readonly #folder: string | undefined;
  /** By key. */
  readonly #stored = new Map<string, StoredSecret>();

  /** `folder`: a directory of secrets, each a directory with a file per key. */
  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** What a watch of the secrets tells. */
  take(event: FollowEvent): void {
    const put = ({ key, value }: { readonly key: string; readonly value: unknown }): void => {
      this.#stored.set(key, value as StoredSecret);
    };
    if (event.type === 'page') {
      for (const key of goneIn(event, this.#stored.keys())) this.#stored.delete(key);
      for (const entry of event.entries) put(entry);
    } else if (event.type === 'put') put(event);
    else this.#stored.delete(event.key);
  }

  get({ name, key }: SecretReference): string | undefined {
    return this.#fromFile(name, key) ?? this.#stored.get(secretKey(name))?.data[key];
  }

  /** Names and keys, without what is in them. */
  list(): { readonly name: string; readonly keys: readonly string[] }[] {
    return [...this.#stored]
      .map(([key, { data }]) => ({ name: nameIn(SECRETS, key), keys: Object.keys(data).sort() }))
      .sort((x, y) => (x.name < y.name ? -1 : 1));
  }

  /** Names and keys have been checked: neither leaves the folder. */
  #fromFile(name: string, key: string): string | undefined {
    if (this.#folder === undefined || [name, key].some((part) => part === '.' || part === '..')) return undefined;
    try {
      return readFileSync(join(this.#folder, name, key), 'utf8').replace(/\r?\n$/, '');
    } catch {
      return undefined;
    }
  }
}
