/*
 * Datagrams at a steady rate from one pod to another and back, and which of them were lost.
 *
 *     stream echo PORT
 *     stream send ADDRESS PORT FLOWS RATE     RATE a second until SIGTERM, then two seconds for the last answers
 *
 * FLOWS sockets take turns, each with a port of its own, so that they spread over equal paths. A sender that was late sends no burst.
 * `send` prints how many were sent and came back, the longest time in which whatever was sent in one flow was lost, and the longest
 * round trip, both in milliseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_PACKETS 4000000
#define MAX_FLOWS 64
#define LAST_ANSWERS_US 2000000

static volatile sig_atomic_t ended;
static uint8_t came_back[MAX_PACKETS];
static int64_t sent_us[MAX_PACKETS];

static void on_end(int signal) { (void)signal; ended = 1; }

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int echo(int port) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0), off = 0;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  if (bind(fd, (struct sockaddr *)&any, sizeof any)) return perror("bind"), 1;
  for (;;) {
    char data[64];
    struct sockaddr_in6 from;
    socklen_t size = sizeof from;
    ssize_t got = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &size);
    if (got >= 0) sendto(fd, data, got, 0, (struct sockaddr *)&from, size);
    else if (errno == EINTR) return 0;
  }
}

struct packet { int64_t sent_us; uint32_t seq; };

int main(int argc, char **argv) {
  struct sigaction act = {.sa_handler = on_end};
  sigaction(SIGTERM, &act, NULL);
  if (argc == 3 && !strcmp(argv[1], "echo")) return echo(atoi(argv[2]));
  int flows = argc == 6 && !strcmp(argv[1], "send") ? atoi(argv[4]) : 0;
  if (flows < 1 || flows > MAX_FLOWS || atoi(argv[5]) < 2) return 2;
  int interval_us = 1000000 / atoi(argv[5]);
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[3]))};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(argv[3]))};
  int is_v4 = inet_pton(AF_INET, argv[2], &v4.sin_addr) == 1;
  if (!is_v4 && inet_pton(AF_INET6, argv[2], &v6.sin6_addr) != 1) return 2;
  struct pollfd polls[MAX_FLOWS + 1];
  for (int i = 0; i < flows; i++) {
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof v4) : connect(fd, (struct sockaddr *)&v6, sizeof v6)) return perror("connect"), 1;
    polls[i] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct itimerspec every = {{0, interval_us * 1000}, {0, interval_us * 1000}};
  timerfd_settime(timer, 0, &every, NULL);
  polls[flows] = (struct pollfd){.fd = timer, .events = POLLIN};
  uint32_t sent = 0, received = 0;
  int64_t longest_trip = 0, until = 0;
  for (;;) {
    if (ended && !until) until = now_us() + LAST_ANSWERS_US;
    if (until && now_us() >= until) break;
    if (poll(polls, flows + 1, 100) < 0) continue;
    uint64_t due = 0;
    if (!until && read(timer, &due, sizeof due) != sizeof due) due = 0;
    if (due && sent < MAX_PACKETS) {
      struct packet packet = {now_us(), sent};
      sent_us[sent] = packet.sent_us;
      // One that the kernel refuses is lost like any other.
      if (send(polls[sent % flows].fd, &packet, sizeof packet, 0) < 0) errno = 0;
      sent++;
    }
    for (int i = 0; i < flows; i++) {
      struct packet packet;
      ssize_t got;
      while (polls[i].revents && ((got = recv(polls[i].fd, &packet, sizeof packet, 0)) >= 0 || errno == ECONNREFUSED)) {
        if (got != sizeof packet || packet.seq >= sent || came_back[packet.seq]) continue;
        came_back[packet.seq] = 1;
        received++;
        int64_t trip = now_us() - packet.sent_us;
        if (trip > longest_trip) longest_trip = trip;
      }
    }
  }
  int64_t longest_gap = 0;
  for (int i = 0; i < flows; i++) {
    int64_t since = 0;
    for (uint32_t seq = i; seq < sent; seq += flows) {
      if (came_back[seq]) since = 0;
      else if (!since) since = sent_us[seq];
      int64_t gap = since ? sent_us[seq] - since + (int64_t)flows * interval_us : 0;
      if (gap > longest_gap) longest_gap = gap;
    }
  }
  printf("{\"sent\":%u,\"received\":%u,\"gapMs\":%lld,\"tripMs\":%.1f}\n", sent, received, (long long)longest_gap / 1000,
         longest_trip / 1000.0);
  return 0;
}
