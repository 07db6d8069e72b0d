/**
 * Many BGP peers in one process that come, go, churn and misbehave as a seeded random walk says. Runs inside a host of the soak.
 *
 *   flapping-process.js REMOTE PEERS ROUTES SEED
 *
 * Peer i is 10.9.0.i of AS 65100 + i; each announces ROUTES prefixes out of 2 x ROUTES, so that prefixes have several routes.
 * SIGUSR2 ends the walk: every peer comes up with all its routes. SIGTERM: all peers leave.
 */
import { createConnection } from 'node:net';
import { encodeMessage, wireContext } from '@tortie/bgp';
import { type RunningSpeaker, runSpeaker } from '@tortie/bgp/node';
import { seededRandom } from '@tortie/bgp/testing';
import { ipv4, type Prefix, parseAddress } from '@tortie/ip';

const [remote, peers, routes, seed] = [process.argv[2]!, ...process.argv.slice(3).map(Number)] as [
  string,
  number,
  number,
  number,
];
const random = seededRandom(seed);
const below = (limit: number): number => Math.floor(random() * limit);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const FIRST = parseAddress('20.0.0.0').a;
const prefixAt = (index: number): Prefix => ({ ...ipv4(FIRST + index * 256), length: 24 });
const localOf = (peer: number): string => `10.9.0.${peer}`;
const asnOf = (peer: number): number => 65100 + peer;

const done: Record<string, number> = {};
let walking = true;

class FlappingPeer {
  readonly #number: number;
  readonly #first: number;
  #speaker!: RunningSpeaker;

  constructor(number: number) {
    this.#number = number;
    this.#first = below(routes);
  }

  async start(): Promise<void> {
    this.#speaker = await runSpeaker({
      asn: asnOf(this.#number),
      routerId: parseAddress(localOf(this.#number)).a,
      listen: [],
    });
    this.#announce(1);
    this.#join();
  }

  #join(): void {
    this.#speaker.addPeer({
      name: 'tortie',
      remoteAddress: parseAddress(remote),
      remoteAsn: 65001,
      localAddress: parseAddress(localOf(this.#number)),
      connectRetryS: 1,
      idleHoldMaxS: 1,
      holdTimeS: 9,
      gracefulRestart: this.#number % 3 === 0 ? false : { restartTimeS: 5 },
    });
  }

  /** Announces this share of its routes with attributes of their own. */
  #announce(share: number): void {
    const path = below(50);
    for (let i = 0; i < routes; i++) {
      if (share < 1 && random() > share) continue;
      this.#speaker.originate(prefixAt(this.#first + i), {
        communities: [65001 * 65536 + path],
        asPath: [{ type: 'sequence', asns: [64600 + below(50)] }],
      });
    }
  }

  /** The same address opens a session of its own, and says what no speaker says. */
  async #misbehave(): Promise<void> {
    const context = wireContext();
    const asn = asnOf(this.#number);
    const open = encodeMessage(
      {
        type: 'open',
        version: 4,
        asn,
        holdTimeS: 9,
        routerId: parseAddress(localOf(this.#number)).a,
        capabilities: [
          { type: 'multiprotocol', afi: 1, safi: 1 },
          { type: 'four-octet-as', asn },
        ],
      },
      context,
    );
    const socket = createConnection({ host: remote, port: 179, localAddress: localOf(this.#number) });
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(open);
    socket.write(Buffer.from(`${'ff'.repeat(16)}001304`, 'hex'));
    await pause(below(300));
    const junk = Buffer.alloc(19 + below(300), below(256));
    junk.fill(0xff, 0, 16);
    junk.writeUInt16BE(random() < 0.5 ? junk.length : below(65536), 16);
    junk[18] = below(6);
    if (socket.writable) socket.write(junk);
    await pause(below(300));
    socket.resetAndDestroy();
    await closed;
  }

  readonly #steps: Readonly<Record<string, () => void | Promise<void>>> = {
    churn: () => this.#announce(0.1),
    'new routes': () => {
      for (let i = 0; i < routes; i++) if (random() < 0.3) this.#speaker.withdraw(prefixAt(this.#first + i));
      this.#announce(0.5);
    },
    cease: () => void this.#speaker.resetPeer('tortie', 'hard'),
    refresh: () => void this.#speaker.resetPeer('tortie', 'soft'),
    leave: async () => {
      this.#speaker.removePeer('tortie');
      await pause(below(15_000));
      this.#join();
    },
    crash: async () => {
      await this.#speaker.close({ graceful: true });
      await pause(below(8000));
      await this.start();
    },
    misbehave: async () => {
      this.#speaker.removePeer('tortie');
      await pause(200);
      await this.#misbehave();
      this.#join();
    },
  };

  async walk(): Promise<void> {
    await this.start();
    const steps = Object.entries(this.#steps);
    while (walking) {
      await pause(500 + below(6000));
      if (!walking) break;
      // Most steps change routes; the others end a session.
      const [name, step] = steps[random() < 0.5 ? below(2) : below(steps.length)]!;
      await step();
      done[name] = (done[name] ?? 0) + 1;
    }
    this.#announce(1);
  }

  close(): Promise<void> {
    return this.#speaker.close();
  }
}

const all = Array.from({ length: peers }, (_, i) => new FlappingPeer(i + 1));
const walks = Promise.all(all.map((peer) => peer.walk()));
process.on('SIGUSR2', () => {
  walking = false;
  void walks.then(() => console.log(`settled ${JSON.stringify(done)}`));
});
process.on('SIGTERM', () => {
  walking = false;
  void walks.then(() => Promise.all(all.map((peer) => peer.close()))).then(() => process.exit(0));
});
process.on('unhandledRejection', (error) => {
  console.error(error);
  process.exit(1);
});
