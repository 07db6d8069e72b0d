/**
 * Hundreds of ends, each in its network namespace, asked from one process: a question is a datagram that carries its number; the end
 * that gets it notes as whom it sees the asker, and answers.
 */
import { type Address, formatAddress, parseAddress } from '@tortie/ip';
import { DatagramSocket, openDatagramSocket } from '@tortie/linux/node';
import { FAMILIES, type Family } from '../network-rig.js';

/** Everybody answers on the same port, nodes and pods alike. */
const PORT = 7;
/** So many questions are on their way at a time: their answers fit into one socket's buffer, should one end ask all of them. */
const WINDOW = 64;
const PATIENCE_MS = 10_000;

export interface EndPlan {
  readonly name: string;
  readonly netns: string;
  readonly addresses: Readonly<Record<Family, string>>;
}

export interface Question {
  readonly from: CrowdEnd;
  readonly to: CrowdEnd;
  readonly family: Family;
  /** Default: the address of the end. */
  readonly address?: string;
}

export interface Answered extends Question {
  /** What the far end saw; undefined: the question did not arrive. */
  readonly seenAs: string | undefined;
  /** Whether the answer came back. */
  readonly back: boolean;
}

interface Waiting {
  readonly question: Question;
  seenAs?: string;
  readonly settle: (back: boolean) => void;
}

/** One at a time in this process. */
const waiting = new Map<number, Waiting>();
let lastNumber = 0;

export class CrowdEnd {
  readonly name: string;
  readonly addresses: Readonly<Record<Family, string>>;
  readonly #askers: Readonly<Record<Family, DatagramSocket>>;
  readonly #sockets: DatagramSocket[] = [];

  /** Throws LinuxError where an address or a port is not free. */
  constructor({ name, netns, addresses }: EndPlan, more: readonly string[] = []) {
    this.name = name;
    this.addresses = addresses;
    const open = (address: Address | undefined, version: 4 | 6, port: number): DatagramSocket => {
      const socket = openDatagramSocket({ version, netns, port, ...(address && { address }) });
      this.#sockets.push(socket);
      return socket;
    };
    for (const text of [...Object.values(addresses), ...more]) {
      const address = parseAddress(text);
      const socket = open(address, address.version, PORT);
      socket.watch(() => answerAll(socket));
    }
    // The kernel chooses from which address it asks.
    this.#askers = { ipv4: open(undefined, 4, 0), ipv6: open(undefined, 6, 0) };
    for (const asker of Object.values(this.#askers)) asker.watch(() => settleAll(asker));
  }

  ask(question: Question): Promise<Answered> {
    const number = ++lastNumber;
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiting.get(number)?.settle(false), PATIENCE_MS);
      const settle = (back: boolean): void => {
        clearTimeout(timer);
        const seenAs = waiting.get(number)?.seenAs;
        waiting.delete(number);
        resolve({ ...question, seenAs, back });
      };
      waiting.set(number, { question, settle });
      const { family, to, address = to.addresses[family] } = question;
      const destination = DatagramSocket.destination(parseAddress(address), PORT);
      if (this.#askers[family].send(Buffer.from(`? ${number}`), destination) !== 0) settle(false);
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}

function* arrivedAt(socket: DatagramSocket) {
  for (let datagram = socket.receive(); datagram; datagram = socket.receive()) {
    const [mark, number] = Buffer.from(datagram.octets).toString('latin1').split(' ');
    yield { mark, number: Number(number), from: datagram.from, fromPort: datagram.fromPort };
  }
}

function answerAll(socket: DatagramSocket): void {
  for (const { number, from, fromPort } of arrivedAt(socket)) {
    const asked = waiting.get(number);
    if (asked) asked.seenAs = formatAddress(from);
    socket.send(Buffer.from(`! ${number}`), DatagramSocket.destination(from, fromPort));
  }
}

function settleAll(socket: DatagramSocket): void {
  for (const { number } of arrivedAt(socket)) waiting.get(number)?.settle(true);
}

/** Asks them all, a few hundred at a time. */
export async function askEach(questions: Iterable<Question>): Promise<Answered[]> {
  const answers: Answered[] = [];
  const rest = questions[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); !next.done; next = rest.next()) answers.push(await next.value.from.ask(next.value));
  };
  await Promise.all(Array.from({ length: WINDOW }, worker));
  return answers;
}

/** Everybody asks everybody else over both families. */
export function* allPairs(from: readonly CrowdEnd[], to: readonly CrowdEnd[]): Generator<Question> {
  for (const family of FAMILIES) {
    for (const one of from) for (const other of to) if (one !== other) yield { from: one, to: other, family };
  }
}

/** One line for each answer that is not as it should be. `faces`: as whom the asker may be seen. */
export const crowdFaults = (
  answers: readonly Answered[],
  faces: (asker: CrowdEnd, family: Family) => readonly string[],
): string[] =>
  answers.flatMap(({ from, to, family, seenAs, back }) => {
    const where = `${from.name} -> ${to.name} ${family}`;
    if (seenAs === undefined) return [`${where}: did not arrive`];
    const allowed = faces(from, family);
    if (!allowed.includes(seenAs)) return [`${where}: seen as ${seenAs}, not ${allowed.join(' or ')}`];
    return back ? [] : [`${where}: the answer did not come back`];
  });
