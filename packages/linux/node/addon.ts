/** The native addon, loaded when first needed: importing this package never fails for want of a compiler. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { errnoName, errnoWords } from '../src/errno.js';
import { LinuxError } from '../src/errors.js';

/**
 * What native/addon.c exports. Numbers below 0 are negated errno values; nothing throws. `netns` is a path, or '' for
 * the namespace of this process.
 */
export interface Addon {
  openSocket(domain: number, type: number, protocol: number, netns: string): number;
  readFile(netns: string, path: string): Uint8Array | number;
  writeFile(netns: string, path: string, octets: Uint8Array): number;
  /** The same off the main thread: another namespace takes a thread of its own, which may have to wait for a processor. */
  openSocketLater(domain: number, type: number, protocol: number, netns: string): Promise<number>;
  readFileLater(netns: string, path: string): Promise<Uint8Array | number>;
  writeFileLater(netns: string, path: string, octets: Uint8Array): Promise<number>;
  /** Binds a new network namespace to an existing file. */
  createNetns(path: string): number;
  close(fd: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
  getsockopt(fd: number, level: number, option: number, octets: number): Uint8Array | number;
  bind(fd: number, address: Uint8Array): number;
  connect(fd: number, address: Uint8Array): number;
  getsockname(fd: number): Uint8Array | number;
  getpeername(fd: number): Uint8Array | number;
  /** Never waits. */
  receive(fd: number, into: Uint8Array): number;
  /**
   * Never waits. `info` takes 52 octets: the sender as a socket address, at 28 the TTL or -1, at 32 the interface, at 36
   * the address it was sent to.
   */
  receiveDatagram(fd: number, into: Uint8Array, info: Uint8Array): number;
  /** To a socket address; never waits. */
  sendDatagram(fd: number, octets: Uint8Array, address: Uint8Array): number;
  /** A classic BPF program, as struct sock_filter one behind the other. */
  attachFilter(fd: number, program: Uint8Array): number;
  /** SCHED_RR for the calling thread. */
  setRealtime(priority: number): number;
  flock(fd: number, operation: number): number;
  mount(source: string, target: string, type: string, flags: number): number;
  unmount(target: string, flags: number): number;
  /** Off the main thread: sends octets[0..ends[0]), receives until seqs[0] is answered, and so on. */
  exchange(
    fd: number,
    octets: Uint8Array,
    ends: Uint32Array,
    seqs: Uint32Array,
    limitOctets: number,
  ): Promise<[replies: Uint8Array, batchesDone: number, errno: number]>;
  /** Sends from a thread of its own, and says nothing of how it went: that is for the answer. */
  sendApart(fd: number, octets: Uint8Array): number;
  startWatching(onReady: (token: number) => void): number;
  watch(fd: number, token: number, again: boolean): number;
  unwatch(fd: number): number;
  hold(on: boolean): number;
  /** Goes on as another program, with the capabilities of these bits at most; comes back where that fails. */
  execWith(capabilities: number, program: string, ...args: readonly string[]): number;
  /** glibc's malloc_trim(3). */
  returnFreed(): number;
}

const require = createRequire(import.meta.url);
let loaded: Addon | undefined;

/** The addon; throws LinuxError `ERR_LINUX_ADDON` with what to do where it is missing or does not load. */
export function addon(): Addon {
  loaded ??= load();
  return loaded;
}

/** What was built here, else what the package brought for this processor. */
function addonFile(): string {
  const [built, prebuilt] = ['build', `prebuilt/${process.arch}`].map((folder) =>
    fileURLToPath(new URL(`../../${folder}/tortie-linux.node`, import.meta.url)),
  ) as [string, string];
  return existsSync(built) ? built : prebuilt;
}

function load(): Addon {
  if (process.platform !== 'linux') {
    throw new LinuxError('ERR_LINUX_ADDON', `kernel access needs Linux; this is ${process.platform}`);
  }
  try {
    return require(process.env.TORTIE_LINUX_ADDON ?? addonFile()) as Addon;
  } catch (cause) {
    throw new LinuxError(
      'ERR_LINUX_ADDON',
      'the native addon of @tortie/linux is missing or does not load here. Build it with a C compiler: install one ' +
        '(Debian, Ubuntu: build-essential; Fedora: gcc; Alpine: build-base) and run "node build.mjs" in the folder of @tortie/linux',
      { cause },
    );
  }
}

/** Passes a result on; throws LinuxError `ERR_LINUX_SYSCALL` for a negative one. `what` reads as in "bind 10.0.0.1". */
export function checked(what: string, result: number): number {
  if (result < 0) throw syscallError(what, -result);
  return result;
}

export function checkedOctets(what: string, result: Uint8Array | number): Uint8Array {
  if (typeof result === 'number') throw syscallError(what, -result);
  return result;
}

export function syscallError(what: string, errno: number): LinuxError {
  const name = errnoName(errno);
  return new LinuxError('ERR_LINUX_SYSCALL', `${what}: ${name}: ${errnoWords(errno)}`, { errno, errnoName: name });
}
