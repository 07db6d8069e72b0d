/*
 * Calls a CNI plugin as a runtime does, and says how long each call took, from fork to its end.
 *
 *     call PLUGIN CONFIG COMMAND PARALLEL < lines of "CONTAINERID NETNS"
 *
 * Prints one line per call, in microseconds, and `all N` for the whole; a call that fails ends it with what the plugin said.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX 4096
static struct { char id[128], netns[512]; pid_t pid; int64_t started, took; } calls[MAX];

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}
static void start(int i, char **argv, const char *said) {
  calls[i].started = now();
  if ((calls[i].pid = fork())) return;
  dup2(open(argv[2], O_RDONLY), 0);
  dup2(open(said, O_WRONLY | O_CREAT | O_APPEND, 0600), 1);
  setenv("CNI_COMMAND", argv[3], 1);
  setenv("CNI_CONTAINERID", calls[i].id, 1);
  setenv("CNI_NETNS", calls[i].netns, 1);
  setenv("CNI_IFNAME", "eth0", 1);
  execl(argv[1], argv[1], NULL);
  _exit(127);
}
int main(int argc, char **argv) {
  if (argc != 5) return 2;
  char said[] = "/tmp/tortie-cni-call.XXXXXX";
  close(mkstemp(said));
  int count = 0, started = 0, parallel = atoi(argv[4]), failed = 0;
  while (count < MAX && scanf("%127s %511s", calls[count].id, calls[count].netns) == 2) count++;
  int64_t begin = now();
  for (int ended = 0; ended < count; ended++) {
    while (started < count && started - ended < parallel) start(started++, argv, said);
    int status;
    pid_t pid = wait(&status);
    for (int i = 0; i < started; i++) if (calls[i].pid == pid) calls[i].took = now() - calls[i].started;
    failed |= status;
  }
  int64_t end = now();
  for (int i = 0; i < count; i++) printf("%lld\n", (long long)calls[i].took);
  printf("all %lld\n", (long long)(end - begin));
  if (failed) {
    char text[4096];
    ssize_t n = read(open(said, O_RDONLY), text, sizeof text);
    fwrite(text, 1, n > 0 ? n : 0, stderr);
  }
  unlink(said);
  return failed != 0;
}
