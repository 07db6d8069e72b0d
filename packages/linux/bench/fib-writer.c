/*
 * The yardstick of fib-writer.ts: the same IPv4 routes into the same kind of namespace, by the same messages (128 a send,
 * an acknowledgement for the last), from C.
 *
 *   fib-writer NETNS-PATH COUNT NEXTHOP-ID [OTHER-ID]
 *
 * Prints seconds for adding, replacing (with OTHER-ID) and deleting.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 128
#define FIRST_PREFIX 0x14000000u

struct route {
  struct nlmsghdr header;
  struct rtmsg route;
  struct rtattr dst_header;
  uint32_t dst;
  struct rtattr metric_header;
  uint32_t metric;
  struct rtattr table_header;
  uint32_t table;
  struct rtattr nexthop_header;
  uint32_t nexthop;
};

static void fail(const char *what) { perror(what); exit(1); }

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static double write_all(int fd, uint32_t count, uint16_t type, uint16_t flags, uint32_t nexthop) {
  static struct route batch[BATCH];
  static char answer[65536];
  double start = now();
  for (uint32_t at = 0; at < count;) {
    uint32_t n = count - at < BATCH ? count - at : BATCH;
    size_t length = sizeof(struct route) - (nexthop ? 0 : 8);
    for (uint32_t i = 0; i < n; i++) {
      struct route *r = (void *)((char *)batch + i * length);
      struct route template = {
        .header = { .nlmsg_len = length, .nlmsg_type = type, .nlmsg_seq = at + i + 1,
                    .nlmsg_flags = NLM_F_REQUEST | flags | (i == n - 1 ? NLM_F_ACK : 0) },
        .route = { .rtm_family = AF_INET, .rtm_dst_len = 24, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = 201,
                   .rtm_scope = nexthop ? RT_SCOPE_UNIVERSE : RT_SCOPE_NOWHERE, .rtm_type = nexthop ? RTN_UNICAST : 0 },
        .dst_header = { 8, RTA_DST }, .dst = __builtin_bswap32(FIRST_PREFIX + ((at + i) << 8)),
        .metric_header = { 8, RTA_PRIORITY }, .metric = 1024,
        .table_header = { 8, RTA_TABLE }, .table = RT_TABLE_MAIN,
        .nexthop_header = { 8, RTA_NH_ID }, .nexthop = nexthop,
      };
      memcpy(r, &template, length);
    }
    if (send(fd, batch, n * length, 0) < 0) fail("send");
    for (int over = 0; !over;) {
      ssize_t got = recv(fd, answer, sizeof answer, 0);
      if (got < 0) fail("recv");
      for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, got); h = NLMSG_NEXT(h, got)) {
        struct nlmsgerr *e = NLMSG_DATA(h);
        if (h->nlmsg_type != NLMSG_ERROR) continue;
        if (e->error) { errno = -e->error; fail("route refused"); }
        if (h->nlmsg_seq == at + n) over = 1;
      }
    }
    at += n;
  }
  return now() - start;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  int ns = open(argv[1], O_RDONLY | O_CLOEXEC), one = 1, size = 8 << 20;
  if (ns < 0 || setns(ns, CLONE_NEWNET) < 0) fail("setns");
  uint32_t count = strtoul(argv[2], NULL, 10), id = strtoul(argv[3], NULL, 10), other = strtoul(argv[4], NULL, 10);
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  double add = write_all(fd, count, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, id);
  double replace = write_all(fd, count, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, other);
  double delete = write_all(fd, count, RTM_DELROUTE, 0, 0);
  printf("%f %f %f\n", add, replace, delete);
  return 0;
}
