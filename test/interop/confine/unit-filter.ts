/**
 * What a systemd unit forbids, without systemd: its capabilities by setpriv, its system calls by a seccomp filter made from the sets that
 * systemd itself names, its read-only file system by mounts.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '@tortie/lab';

export const UNIT = new URL('../../../../../examples/systemd/tortie-agent.service', import.meta.url).pathname;

/** All values of a key, in order. */
export const unitValues = (key: string): string[] =>
  [...readFileSync(UNIT, 'utf8').matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value!);

export const CAPABILITIES = unitValues('CapabilityBoundingSet')[0]!.split(' ');

/** Names of system calls in a set, and in those that it names. */
async function callsIn(set: string): Promise<string[]> {
  const { stdout } = await runCommand('systemd-analyze', ['syscall-filter', '--no-pager', set]);
  const names = stdout.split('\n').flatMap((line) => /^ {4}(@?[a-z0-9_-]+)$/.exec(line)?.[1] ?? []);
  const nested = await Promise.all(names.filter((name) => name.startsWith('@')).map(callsIn));
  return [...names.filter((name) => !name.startsWith('@')), ...nested.flat()];
}

/** What `SystemCallFilter=` leaves: lines add, those with ~ take away. */
async function allowedCalls(): Promise<ReadonlySet<string>> {
  // systemd lets every filtered unit start and end.
  const allowed = new Set(await callsIn('@default'));
  for (const line of unitValues('SystemCallFilter')) {
    for (const set of line.replace('~', '').split(' ')) {
      for (const name of await callsIn(set)) line.startsWith('~') ? allowed.delete(name) : allowed.add(name);
    }
  }
  return allowed;
}

/** A program that puts the filter on itself and then becomes the command in its arguments. */
export async function buildConfine(folder: string): Promise<string> {
  const source = join(folder, 'confine.c');
  const file = join(folder, 'confine');
  const calls = [...(await allowedCalls())].map((name) => `#ifdef __NR_${name}\n  __NR_${name},\n#endif\n`);
  const families = unitValues('RestrictAddressFamilies')[0]!.split(' ');
  writeFileSync(source, SOURCE.replace('/* CALLS */', calls.join('')).replace('/* FAMILIES */', families.join(', ')));
  await runCommand('cc', ['-O1', '-Wall', '-o', file, source]);
  return file;
}

/** The command as the unit would run it; /tmp, where labs have their files, stays writable. */
export function confined(confine: string, command: readonly string[]): readonly string[] {
  const set = CAPABILITIES.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`).join(',');
  return [
    ...['unshare', '--mount', '--propagation', 'slave'],
    ...['sh', '-c', 'mount --bind /tmp /tmp && mount -o remount,bind,ro / && exec "$@"', 'sh'],
    ...['setpriv', '--no-new-privs', `--bounding-set=-all,${set}`, '--inh-caps=-all'],
    ...[confine, ...command],
  ];
}

/** RestrictNamespaces=net as systemd carries it out: no new namespaces, setns to that kind alone, named; clone3 is not there. */
const SOURCE = `#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int calls[] = {
/* CALLS */ };
static const int families[] = { /* FAMILIES */ };
#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID)

static struct sock_filter program[4096];
static int length;
static void put(int code, unsigned k, int yes, int no) { program[length++] = (struct sock_filter)BPF_JUMP(code, k, yes, no); }
static void load(size_t at) { put(BPF_LD | BPF_W | BPF_ABS, at, 0, 0); }
static void end(unsigned action) { put(BPF_RET | BPF_K, action, 0, 0); }
static void equal(unsigned k, int yes, int no) { put(BPF_JMP | BPF_JEQ | BPF_K, k, yes, no); }
#define ARGUMENT(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define REFUSE(number) (SECCOMP_RET_ERRNO | (number))
static void install(void) {
  struct sock_fprog filter = { .len = length, .filter = program };
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) perror("seccomp"), exit(1);
  length = 0;
  load(offsetof(struct seccomp_data, nr));
}

int main(int count, char **arguments) {
  if (count < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return 2;
  load(offsetof(struct seccomp_data, nr));
  equal(__NR_clone3, 0, 1), end(REFUSE(ENOSYS));
  equal(__NR_setns, 0, 4), load(ARGUMENT(1)), equal(CLONE_NEWNET, 1, 0), end(REFUSE(EPERM)), end(SECCOMP_RET_ALLOW);
  for (int i = 0; i < 2; i++) {
    equal((int[]){ __NR_clone, __NR_unshare }[i], 0, 4), load(ARGUMENT(0));
    put(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1), end(REFUSE(EPERM)), end(SECCOMP_RET_ALLOW);
  }
  equal(__NR_socket, 0, 2 * COUNT(families) + 2), load(ARGUMENT(0));
  for (size_t i = 0; i < COUNT(families); i++) equal(families[i], 0, 1), end(SECCOMP_RET_ALLOW);
  end(REFUSE(EAFNOSUPPORT)), end(SECCOMP_RET_ALLOW);
  install();
  for (size_t i = 0; i < COUNT(calls); i++) equal(calls[i], 0, 1), end(SECCOMP_RET_ALLOW);
  end(REFUSE(EPERM));
  install();
  execvp(arguments[1], arguments + 1);
  perror(arguments[1]);
  return 1;
}
`;
