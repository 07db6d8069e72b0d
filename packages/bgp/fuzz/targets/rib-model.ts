/**
 * Watches the inputs of a RIB and keeps beside it what it should hold, counted without its tables: a map per peer, from
 * UPDATEs as the object decoder reads them.
 */
import { formatPrefix, type Prefix } from '@tortie/ip';
import { NotificationError } from '../../src/errors.js';
import type { Rib } from '../../src/rib/rib.js';
import type { RibSession } from '../../src/rib/rib-session.js';
import { decodeBody } from '../../src/wire/codec.js';
import type { WireContext } from '../../src/wire/context.js';
import { FAMILIES, type FamilyName, familyOf } from '../../src/wire/family/family.js';
import type { UpdateMessage } from '../../src/wire/message.js';
import type { Nlri } from '../../src/wire/nlri.js';
import { check, checkEqual } from './check.js';

interface Held {
  readonly family: FamilyName;
  readonly prefix: string;
  fresh: boolean;
}

export class RibModel {
  readonly sessions = new Map<number, RibSession>();
  readonly #rib: Rib;
  readonly #held = new Map<number, Map<string, Held>>();
  readonly #own = new Map<string, Held>();

  constructor(rib: Rib) {
    this.#rib = rib;
    const { sessionUp, sessionDown, receiveUpdate, markStale, sweepStale, originate, withdraw } = rib;
    rib.sessionUp = (peer, session) => {
      this.sessions.set(peer, session);
      sessionUp.call(rib, peer, session);
    };
    rib.sessionDown = (peer, keepStale = []) => {
      this.sessions.delete(peer);
      for (const [key, held] of this.#of(peer)) {
        // RFC 4724 section 4.2: what was stale already goes.
        if (!keepStale.includes(held.family) || !held.fresh) this.#of(peer).delete(key);
        held.fresh = false;
      }
      sessionDown.call(rib, peer, keepStale);
    };
    rib.markStale = (peer, family) => {
      for (const held of this.#of(peer).values()) if (held.family === family) held.fresh = false;
      markStale.call(rib, peer, family);
    };
    rib.sweepStale = (peer, family) => {
      let stale = 0;
      for (const [key, held] of this.#of(peer)) {
        if (held.family !== family || held.fresh) continue;
        this.#of(peer).delete(key);
        stale++;
      }
      const swept = sweepStale.call(rib, peer, family);
      // Those of an earlier sweep that work() has not reached yet are counted again.
      check(swept >= stale, `${swept} stale routes swept, there were ${stale}`);
      return swept;
    };
    rib.receiveUpdate = (peer, bytes, start, end) => {
      const context = this.sessions.get(peer)!.receive;
      const message = decoded(bytes, start, end, context);
      try {
        const outcome = receiveUpdate.call(rib, peer, bytes, start, end);
        // Only the RIB writes all AS numbers in four octets.
        const tooLong = outcome.faults.some(({ reason }) => reason.includes('too long for AS numbers'));
        const wanted = this.#apply(peer, message, context, tooLong);
        if (wanted) checkEqual([outcome.announced, outcome.withdrawn], wanted, 'announced and withdrawn');
        return outcome;
      } catch (error) {
        if (error instanceof NotificationError && context.families[0]) {
          check(message instanceof NotificationError, `only the RIB refuses: ${error.message}`);
        }
        throw error;
      }
    };
    rib.originate = (prefix, attributes) => {
      const family = FAMILIES.find(({ version }) => version === prefix.version)!.name;
      this.#own.set(formatPrefix(prefix), { family, prefix: formatPrefix(prefix), fresh: true });
      originate.call(rib, prefix, attributes);
    };
    rib.withdraw = (prefix) => {
      const had = this.#own.delete(formatPrefix(prefix));
      checkEqual(withdraw.call(rib, prefix), had, 'a route of our own taken back');
      return had;
    };
  }

  /** Compares the counters; all work must be done. */
  compare(): void {
    for (const [peer, routes] of this.#held) {
      const counters = this.#rib.peerCounters(peer);
      for (const { family, received, stale } of counters) {
        const mine = [...routes.values()].filter((held) => held.family === family);
        checkEqual(received, mine.length, `${family} routes received from peer ${peer}`);
        checkEqual(stale, mine.filter(({ fresh }) => !fresh).length, `stale ${family} routes of peer ${peer}`);
      }
    }
    const all = [this.#own, ...this.#held.values()].flatMap((routes) => [...routes.values()]);
    const wanted = FAMILIES.map(({ name }) => {
      const routes = all.filter(({ family }) => family === name);
      return { family: name, prefixes: new Set(routes.map(({ prefix }) => prefix)).size, routes: routes.length };
    });
    checkEqual(this.#rib.counters().families, wanted, 'prefixes and routes');
  }

  /** A peer that is gone for good holds nothing. */
  forget(peer: number): void {
    this.#held.delete(peer);
  }

  /** Prefix and path identifier of each route of a peer, sorted. */
  routes(peer: number): readonly string[] {
    return [...this.#of(peer).keys()].sort();
  }

  count(peer: number): number {
    return this.#of(peer).size;
  }

  #of(peer: number): Map<string, Held> {
    let routes = this.#held.get(peer);
    if (!routes) {
      routes = new Map();
      this.#held.set(peer, routes);
    }
    return routes;
  }

  #apply(peer: number, message: UpdateMessage | NotificationError, context: WireContext, tooLong: boolean) {
    if (message instanceof NotificationError) {
      check(context.families[0] !== true, `only the object decoder refuses: ${message.message}`);
      return undefined;
    }
    const { attributes, faults } = message;
    const { mpReach, mpUnreach } = attributes;
    const body = (list: readonly Nlri[]): readonly Nlri[] => (context.families[0] ? list : []);
    const come = [...tagged('ipv4-unicast', body(message.nlri)), ...tagged(nameOf(mpReach), mpReach?.nlri)];
    const gone = [...tagged('ipv4-unicast', body(message.withdrawn)), ...tagged(nameOf(mpUnreach), mpUnreach?.nlri)];
    const withdraws = tooLong || faults.some(({ action }) => action === 'treat-as-withdraw');
    const routes = this.#of(peer);
    for (const each of gone) routes.delete(each.key);
    for (const { key, family, prefix } of come) {
      if (withdraws) routes.delete(key);
      else routes.set(key, { family, prefix, fresh: true });
    }
    return withdraws ? [0, gone.length + come.length] : [come.length, gone.length];
  }
}

function decoded(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: WireContext,
): UpdateMessage | NotificationError {
  try {
    const message = decodeBody(2, bytes, start, end, context);
    check(message.type === 'update', 'an UPDATE is one');
    return message;
  } catch (error) {
    if (error instanceof NotificationError) return error;
    throw error;
  }
}

const nameOf = (mp: { readonly afi: number; readonly safi: number } | undefined): FamilyName | undefined =>
  mp && familyOf(mp.afi, mp.safi)?.name;

function tagged(family: FamilyName | undefined, list: readonly Nlri[] = []) {
  if (family === undefined) return [];
  return list.map(({ prefix, pathId = 0 }) => ({ family, ...keyOf(prefix, pathId) }));
}

function keyOf(prefix: Prefix, pathId: number) {
  const text = formatPrefix(prefix);
  return { key: `${text} ${pathId}`, prefix: text };
}
