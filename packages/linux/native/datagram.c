/* Datagrams with what recv() alone does not tell: who sent them, over which interface, and with which TTL. */
#include "addon.h"
#include <netinet/in.h>
#include <sys/socket.h>

/* What receiveDatagram() writes: sender at 0, TTL or hop limit at 28 (-1: not told), interface at 32, destination at 36. */
#define INFO_OCTETS 52

static void read_control(struct msghdr *m, uint8_t *info) {
  int32_t ttl = -1;
  uint32_t interface = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
    if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
        (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
      memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo p;
      memcpy(&p, CMSG_DATA(c), sizeof p);
      interface = p.ipi_ifindex;
      memcpy(info + 36, &p.ipi_addr, 4);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo p;
      memcpy(&p, CMSG_DATA(c), sizeof p);
      interface = p.ipi6_ifindex;
      memcpy(info + 36, &p.ipi6_addr, 16);
    }
  }
  memcpy(info + 28, &ttl, sizeof ttl);
  memcpy(info + 32, &interface, sizeof interface);
}

/* receiveDatagram(fd, into, info) -> octets, or -errno. Never waits; what does not fit is cut. */
napi_value receive_datagram(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Bytes b = bytes(&a, 1), out = bytes(&a, 2);
  if (out.length < INFO_OCTETS) return integer(env, -EINVAL);
  union { struct cmsghdr align; uint8_t octets[256]; } control;
  struct iovec iov = { .iov_base = b.at, .iov_len = b.length };
  struct msghdr m = {
    .msg_name = out.at, .msg_namelen = 28, .msg_iov = &iov, .msg_iovlen = 1,
    .msg_control = control.octets, .msg_controllen = sizeof control.octets,
  };
  memset(out.at, 0, INFO_OCTETS);
  long r = SYSCALL(recvmsg(number(&a, 0), &m, MSG_DONTWAIT));
  if (r >= 0) read_control(&m, out.at);
  return integer(env, r);
}
/* sendDatagram(fd, octets, address) -> octets, or -errno. Never waits. */
napi_value send_datagram(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Bytes b = bytes(&a, 1), to = bytes(&a, 2);
  return integer(env, SYSCALL(sendto(number(&a, 0), b.at, b.length, MSG_DONTWAIT | MSG_NOSIGNAL, (void *)to.at, to.length)));
}
