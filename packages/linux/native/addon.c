/*
 * Moves octets and changes descriptors; JavaScript builds and parses everything. Of netlink it knows the message header
 * alone, to see which datagram ends an exchange.
 *
 * Synchronous functions return 0 or more, or a negative errno; they never throw. Work that needs another network
 * namespace runs in a throw-away thread that calls setns, so that Node's threads never move; functions whose name ends in
 * Later have the libuv pool wait for that thread, and give a promise. exchange() runs on the libuv pool too. watch() reports readiness from one epoll thread through a thread-safe function.
 */
#include "addon.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* ---- work inside a network namespace ---- */

enum { NS_SOCKET, NS_READ, NS_WRITE, NS_CREATE };
typedef struct {
  int what, domain, type, protocol;
  char ns[PATH_OCTETS], path[PATH_OCTETS];
  Bytes in;
  uint8_t *out;
  long result;
} NsJob;

static long ns_file(NsJob *j) {
  int fd = open(j->path, (j->what == NS_READ ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
  if (fd < 0) return -errno;
  long r;
  if (j->what == NS_WRITE) {
    r = SYSCALL(write(fd, j->in.at, j->in.length));
  } else {
    long total = 0;
    j->out = malloc(DATAGRAM_OCTETS);
    while ((r = SYSCALL(read(fd, j->out + total, DATAGRAM_OCTETS - total))) > 0) total += r;
    if (r == 0) r = total;
  }
  close(fd);
  return r;
}
static void *ns_run(void *data) {
  NsJob *j = data;
  if (j->ns[0]) {
    int ns = open(j->ns, O_RDONLY | O_CLOEXEC);
    j->result = ns < 0 ? -errno : SYSCALL(setns(ns, CLONE_NEWNET));
    if (ns >= 0) close(ns);
    if (j->result < 0) return NULL;
  }
  if (j->what == NS_SOCKET) j->result = SYSCALL(socket(j->domain, j->type | SOCK_CLOEXEC, j->protocol));
  else if (j->what != NS_CREATE) j->result = ns_file(j);
  else if ((j->result = SYSCALL(unshare(CLONE_NEWNET))) == 0)
    j->result = SYSCALL(mount("/proc/thread-self/ns/net", j->path, "none", MS_BIND, NULL));
  return NULL;
}
static void ns_job(NsJob *j) {
  if (!j->ns[0] && j->what != NS_CREATE) {
    ns_run(j);
    return;
  }
  pthread_t thread;
  int failed = pthread_create(&thread, NULL, ns_run, j);
  if (failed) j->result = -failed;
  else pthread_join(thread, NULL);
}

/* openSocket(domain, type, protocol, netns path or "") -> descriptor */
static napi_value open_socket(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  NsJob j = { .what = NS_SOCKET, .domain = number(&a, 0), .type = number(&a, 1), .protocol = number(&a, 2) };
  text(&a, 3, j.ns);
  ns_job(&j);
  return integer(env, j.result);
}
/* readFile(netns, path) -> octets or errno; writeFile(netns, path, octets); createNetns(path) */
static napi_value read_file(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  NsJob j = { .what = NS_READ };
  text(&a, 0, j.ns), text(&a, 1, j.path);
  ns_job(&j);
  napi_value v = j.result < 0 ? integer(env, j.result) : buffer(env, j.out, j.result);
  free(j.out);
  return v;
}
static napi_value write_file(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  NsJob j = { .what = NS_WRITE, .in = bytes(&a, 2) };
  text(&a, 0, j.ns), text(&a, 1, j.path);
  ns_job(&j);
  return integer(env, j.result);
}

typedef struct { napi_async_work work; napi_deferred deferred; NsJob job; } NsLater;

static void ns_later_run(napi_env env, void *data) {
  (void)env;
  ns_job(&((NsLater *)data)->job);
}
static void ns_later_end(napi_env env, napi_status status, void *data) {
  NsLater *later = data;
  NsJob *j = &later->job;
  if (status == napi_cancelled) j->result = -ECANCELED;
  napi_value v = j->what == NS_READ && j->result >= 0 ? buffer(env, j->out, j->result) : integer(env, j->result);
  napi_resolve_deferred(env, later->deferred, v);
  napi_delete_async_work(env, later->work);
  free(j->out), free(j->in.at);
  free(later);
}
static napi_value ns_later(napi_env env, NsLater *later) {
  napi_value promise, name;
  napi_create_promise(env, &later->deferred, &promise);
  napi_create_string_utf8(env, "tortie-linux:namespace", NAPI_AUTO_LENGTH, &name);
  napi_create_async_work(env, NULL, name, ns_later_run, ns_later_end, later, &later->work);
  napi_queue_async_work(env, later->work);
  return promise;
}
static napi_value open_socket_later(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  NsLater *later = calloc(1, sizeof *later);
  later->job = (NsJob){ .what = NS_SOCKET, .domain = number(&a, 0), .type = number(&a, 1), .protocol = number(&a, 2) };
  text(&a, 3, later->job.ns);
  return ns_later(env, later);
}
static napi_value read_file_later(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  NsLater *later = calloc(1, sizeof *later);
  later->job.what = NS_READ;
  text(&a, 0, later->job.ns), text(&a, 1, later->job.path);
  return ns_later(env, later);
}
static napi_value write_file_later(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  NsLater *later = calloc(1, sizeof *later);
  Bytes b = bytes(&a, 2);
  later->job.what = NS_WRITE;
  later->job.in = (Bytes){ malloc(b.length + 1), b.length };
  memcpy(later->job.in.at, b.at ? (void *)b.at : "", b.length);
  text(&a, 0, later->job.ns), text(&a, 1, later->job.path);
  return ns_later(env, later);
}
static napi_value create_netns(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  NsJob j = { .what = NS_CREATE };
  text(&a, 0, j.path);
  ns_job(&j);
  return integer(env, j.result);
}

/* ---- descriptors ---- */

static napi_value fd_close(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  return integer(env, close(number(&a, 0)) < 0 ? -errno : 0);
}
static napi_value fd_setsockopt(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Bytes b = bytes(&a, 3);
  return integer(env, SYSCALL(setsockopt(number(&a, 0), number(&a, 1), number(&a, 2), b.at, b.length)));
}
static napi_value fd_getsockopt(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  uint8_t out[256];
  int64_t wanted = number(&a, 3);
  socklen_t length = wanted < 0 || wanted > (int64_t)sizeof out ? (int64_t)sizeof out : wanted;
  long r = SYSCALL(getsockopt(number(&a, 0), number(&a, 1), number(&a, 2), out, &length));
  return r < 0 ? integer(env, r) : buffer(env, out, length);
}
static napi_value fd_bind(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Bytes b = bytes(&a, 1);
  return integer(env, SYSCALL(bind(number(&a, 0), (void *)b.at, b.length)));
}
static napi_value fd_connect(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Bytes b = bytes(&a, 1);
  return integer(env, SYSCALL(connect(number(&a, 0), (void *)b.at, b.length)));
}
static napi_value fd_getsockname(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  struct sockaddr_storage out;
  socklen_t length = sizeof out;
  long r = SYSCALL(getsockname(number(&a, 0), (void *)&out, &length));
  return r < 0 ? integer(env, r) : buffer(env, &out, length);
}
static napi_value fd_getpeername(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  struct sockaddr_storage out;
  socklen_t length = sizeof out;
  long r = SYSCALL(getpeername(number(&a, 0), (void *)&out, &length));
  return r < 0 ? integer(env, r) : buffer(env, &out, length);
}
/* receive(fd, octets) -> count; never waits */
static napi_value fd_receive(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Bytes b = bytes(&a, 1);
  return integer(env, SYSCALL(recv(number(&a, 0), b.at, b.length, MSG_DONTWAIT)));
}
/* attachFilter(fd, struct sock_filter...): apart from setsockopt because the option takes a pointer. */
static napi_value fd_attach_filter(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Bytes b = bytes(&a, 1);
  struct sock_fprog program = { .len = b.length / sizeof(struct sock_filter), .filter = (void *)b.at };
  return integer(env, SYSCALL(setsockopt(number(&a, 0), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program)));
}
/* setRealtime(priority): of the calling thread; what it starts has ordinary priority. */
static napi_value set_realtime(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  struct sched_param priority = { .sched_priority = number(&a, 0) };
  return integer(env, SYSCALL(sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &priority)));
}
static napi_value fd_flock(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  return integer(env, SYSCALL(flock(number(&a, 0), number(&a, 1))));
}
/* mount(source, target, type, flags); unmount(target, flags) */
static napi_value do_mount(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  char source[PATH_OCTETS], target[PATH_OCTETS], type[PATH_OCTETS];
  text(&a, 0, source), text(&a, 1, target), text(&a, 2, type);
  return integer(env, SYSCALL(mount(source, target, type, number(&a, 3), NULL)));
}
static napi_value do_unmount(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  char target[PATH_OCTETS];
  text(&a, 0, target);
  return integer(env, SYSCALL(umount2(target, number(&a, 1))));
}
/*
 * execWith(kept, program, words...): the process goes on as the program, which has of the capabilities that `kept` has a bit for those
 * that the process had, and cannot get others; `program` is also the first word. All threads end by that, which no call could take capabilities from. Returns where it fails.
 */
static napi_value exec_with(napi_env env, napi_callback_info info) {
  size_t n = 0;
  napi_get_cb_info(env, info, &n, NULL, NULL, NULL);
  napi_value *v = calloc(n, sizeof *v);
  char **words = calloc(n, sizeof *words);
  napi_get_cb_info(env, info, &n, v, NULL, NULL);
  int64_t kept = 0;
  napi_get_value_int64(env, v[0], &kept);
  for (size_t i = 1; i < n; i++) {
    size_t length = 0;
    napi_get_value_string_utf8(env, v[i], NULL, 0, &length);
    words[i - 1] = calloc(1, length + 1);
    napi_get_value_string_utf8(env, v[i], words[i - 1], length + 1, &length);
  }
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct sets[2];
  long r = SYSCALL(syscall(SYS_capget, &header, sets));
  for (int i = 0; i < 2; i++) sets[i].inheritable &= (uint32_t)(kept >> (32 * i));
  if (r == 0) r = SYSCALL(syscall(SYS_capset, &header, sets));
  for (int i = 0; r == 0 && prctl(PR_CAPBSET_READ, i) >= 0; i++)
    if (!(kept >> i & 1)) r = SYSCALL(prctl(PR_CAPBSET_DROP, i));
  if (r == 0) r = SYSCALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  /* Node has all descriptors that it was started with closed for others. */
  for (int fd = 0; fd <= 2; fd++) fcntl(fd, F_SETFD, 0);
  if (r == 0) r = SYSCALL(execv(words[0], words));
  for (size_t i = 0; i + 1 < n; i++) free(words[i]);
  free(words), free(v);
  return integer(env, r);
}
/* returnFreed(); ENOSYS with another C library than glibc */
static napi_value return_freed(napi_env env, napi_callback_info info) {
#ifdef __GLIBC__
  (void)info;
  malloc_trim(0);
  return integer(env, 0);
#else
  (void)info;
  return integer(env, -ENOSYS);
#endif
}

NAPI_MODULE_INIT() {
  static const struct { const char *name; napi_callback call; } table[] = {
    { "openSocket", open_socket }, { "readFile", read_file }, { "writeFile", write_file },
    { "openSocketLater", open_socket_later }, { "readFileLater", read_file_later }, { "writeFileLater", write_file_later },
    { "createNetns", create_netns }, { "close", fd_close }, { "setsockopt", fd_setsockopt },
    { "getsockopt", fd_getsockopt }, { "bind", fd_bind }, { "connect", fd_connect },
    { "getsockname", fd_getsockname }, { "getpeername", fd_getpeername }, { "receive", fd_receive }, { "attachFilter", fd_attach_filter },
    { "receiveDatagram", receive_datagram }, { "sendDatagram", send_datagram },
    { "setRealtime", set_realtime }, { "flock", fd_flock }, { "mount", do_mount },
    { "unmount", do_unmount }, { "exchange", exchange }, { "sendApart", send_apart }, { "startWatching", start_watching }, { "watch", watch },
    { "unwatch", unwatch }, { "hold", hold }, { "returnFreed", return_freed }, { "execWith", exec_with },
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    napi_value f;
    napi_create_function(env, table[i].name, NAPI_AUTO_LENGTH, table[i].call, NULL, &f);
    napi_set_named_property(env, exports, table[i].name, f);
  }
  return exports;
}
