/*
 * Moves octets and changes descriptors; JavaScript builds and parses everything. Of netlink it knows the message header
 * alone, to see which datagram ends an exchange.
 *
 * Synchronous functions return 0 or more, or a negative errno; they never throw. Work that needs another network
 * namespace runs in a throw-away thread that calls setns, so that Node's threads never move. exchange() runs on the
 * libuv pool. watch() reports readiness from one epoll thread through a thread-safe function.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <node_api.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_ARGS 8
#define PATH_OCTETS 1024
#define DATAGRAM_OCTETS (64 * 1024)
#define SYSCALL(call) ({ long r_; do r_ = (call); while (r_ < 0 && errno == EINTR); r_ < 0 ? -(long)errno : r_; })

/* ---- arguments and results ---- */

typedef struct { napi_env env; napi_value v[MAX_ARGS]; size_t n; } Args;
typedef struct { uint8_t *at; size_t length; } Bytes;

static Args args_of(napi_env env, napi_callback_info info) {
  Args a = { .env = env, .n = MAX_ARGS };
  napi_get_cb_info(env, info, &a.n, a.v, NULL, NULL);
  return a;
}
static int64_t number(Args *a, size_t i) { int64_t x = -1; napi_get_value_int64(a->env, a->v[i], &x); return x; }
static Bytes bytes(Args *a, size_t i) {
  Bytes b = { NULL, 0 };
  bool typed = false;
  napi_is_typedarray(a->env, a->v[i], &typed);
  void *at = NULL;
  napi_typedarray_type type;
  if (typed && napi_get_typedarray_info(a->env, a->v[i], &type, &b.length, &at, NULL, NULL) == napi_ok) b.at = at;
  return b;
}
/* Copies a string; "" for anything else. */
static void text(Args *a, size_t i, char out[PATH_OCTETS]) {
  size_t n = 0;
  out[0] = 0;
  napi_get_value_string_utf8(a->env, a->v[i], out, PATH_OCTETS, &n);
}
static napi_value integer(napi_env env, long x) { napi_value v; napi_create_int64(env, x, &v); return v; }
static napi_value buffer(napi_env env, const void *data, size_t length) {
  napi_value v;
  void *unused;
  napi_create_buffer_copy(env, length, data ? data : "", &unused, &v);
  return v;
}

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
  if (j.ns[0]) ns_job(&j);
  else ns_run(&j);
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

/* ---- exchange: send batches, collect what comes back, off the main thread ---- */

/*
 * Exchanges on one descriptor run in the order in which they were asked for, one after the other, so that the next may
 * be handed over before the one before is done, and the kernel need not wait for the event loop.
 */
#define LANES 64
typedef struct { pthread_mutex_t lock; pthread_cond_t turn; uint64_t next, serving; } Lane;
static Lane lanes[LANES] = {
  [0 ... LANES - 1] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 },
};

typedef struct {
  napi_async_work work;
  napi_deferred deferred;
  napi_ref keep[3];
  int fd;
  Lane *lane;
  uint64_t ticket;
  Bytes out, ends, seqs;
  size_t limit, room, got, done;
  uint8_t *in;
  long error;
} Exchange;

/* Whether a datagram holds the acknowledgement, error or end of dump of this sequence number. */
static bool ends_exchange(const uint8_t *at, size_t left, uint32_t seq) {
  while (left >= 16) {
    uint32_t length, s;
    uint16_t type;
    memcpy(&length, at, 4), memcpy(&type, at + 4, 2), memcpy(&s, at + 8, 4);
    if (s == seq && (type == 2 || type == 3)) return true;
    length = (length + 3) & ~3u;
    if (length < 16 || length > left) return false;
    at += length, left -= length;
  }
  return false;
}
static void exchange_batches(Exchange *x) {
  const uint32_t *ends = (void *)x->ends.at, *seqs = (void *)x->seqs.at;
  size_t start = 0;
  for (; x->done < x->seqs.length; x->done++) {
    if (x->done < x->ends.length) {
      size_t length = ends[x->done] - start;
      x->error = SYSCALL(send(x->fd, x->out.at + start, length, 0));
      if (x->error < 0) return;
      start += length;
    }
    for (bool over = false, lost = false; !over;) {
      if (x->limit && x->got >= x->limit) { x->error = 0; return; }
      if (x->room - x->got < DATAGRAM_OCTETS) {
        size_t room = x->room * 2 + DATAGRAM_OCTETS;
        uint8_t *in = realloc(x->in, room);
        if (!in) { x->error = -ENOMEM; return; }
        x->in = in, x->room = room;
      }
      x->error = SYSCALL(recv(x->fd, x->in + x->got, DATAGRAM_OCTETS, MSG_TRUNC | (lost ? MSG_DONTWAIT : 0)));
      if (x->error > DATAGRAM_OCTETS) x->error = -EMSGSIZE;
      if (x->error == -ENOBUFS) {
        /* Answers were dropped. The kernel drops all further ones until the queue has been read empty. */
        lost = true;
        continue;
      }
      if (lost && x->error == -EAGAIN) x->error = -ENOBUFS;
      if (x->error < 0) return;
      over = !lost && ends_exchange(x->in + x->got, x->error, seqs[x->done]);
      x->got += x->error;
    }
  }
  x->error = 0;
}
static void exchange_run(napi_env env, void *data) {
  (void)env;
  Exchange *x = data;
  pthread_mutex_lock(&x->lane->lock);
  while (x->lane->serving != x->ticket) pthread_cond_wait(&x->lane->turn, &x->lane->lock);
  pthread_mutex_unlock(&x->lane->lock);
  exchange_batches(x);
  pthread_mutex_lock(&x->lane->lock);
  x->lane->serving++;
  pthread_cond_broadcast(&x->lane->turn);
  pthread_mutex_unlock(&x->lane->lock);
}
static void exchange_end(napi_env env, napi_status status, void *data) {
  Exchange *x = data;
  napi_value result;
  napi_create_array_with_length(env, 3, &result);
  napi_set_element(env, result, 0, buffer(env, x->in, x->got));
  napi_set_element(env, result, 1, integer(env, x->done));
  napi_set_element(env, result, 2, integer(env, status == napi_cancelled ? -ECANCELED : x->error));
  napi_resolve_deferred(env, x->deferred, result);
  for (int i = 0; i < 3; i++) napi_delete_reference(env, x->keep[i]);
  napi_delete_async_work(env, x->work);
  free(x->in);
  free(x);
}
/*
 * exchange(fd, octets, ends: Uint32Array, seqs: Uint32Array, limit) -> Promise<[octets, batches done, 0 or -errno]>
 * Sends octets[0..ends[0]), then receives until seqs[0] is answered; then the next batch. With fewer ends than seqs it
 * goes on receiving. A limit other than 0 stops early, for dumps read in pieces.
 */
static napi_value exchange(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Exchange *x = calloc(1, sizeof *x);
  napi_value promise, name;
  x->fd = number(&a, 0), x->limit = number(&a, 4);
  x->out = bytes(&a, 1), x->ends = bytes(&a, 2), x->seqs = bytes(&a, 3);
  for (int i = 0; i < 3; i++) napi_create_reference(env, a.v[i + 1], 1, &x->keep[i]);
  napi_create_promise(env, &x->deferred, &promise);
  napi_create_string_utf8(env, "tortie-linux:exchange", NAPI_AUTO_LENGTH, &name);
  napi_create_async_work(env, NULL, name, exchange_run, exchange_end, x, &x->work);
  x->lane = &lanes[(unsigned)x->fd % LANES];
  pthread_mutex_lock(&x->lane->lock);
  x->ticket = x->lane->next++;
  /* Under the lock: the pool takes work in the order of the tickets, also when several workers ask. */
  napi_queue_async_work(env, x->work);
  pthread_mutex_unlock(&x->lane->lock);
  return promise;
}

/* ---- readiness: one epoll thread per environment ---- */

typedef struct {
  int epoll, stop;
  pthread_t thread;
  napi_threadsafe_function ready;
  napi_async_cleanup_hook_handle hook;
} Watcher;

static void *watcher_run(void *data) {
  Watcher *w = data;
  struct epoll_event events[16];
  for (;;) {
    int n = epoll_wait(w->epoll, events, 16, -1);
    for (int i = 0; i < n; i++) {
      if (events[i].data.u64 == 0) return NULL;
      napi_call_threadsafe_function(w->ready, (void *)(uintptr_t)events[i].data.u64, napi_tsfn_nonblocking);
    }
  }
}
static void watcher_call(napi_env env, napi_value callback, void *context, void *token) {
  (void)context;
  if (!env || !callback) return;
  napi_value self, argument = integer(env, (long)(uintptr_t)token);
  napi_get_undefined(env, &self);
  napi_call_function(env, self, callback, 1, &argument, NULL);
}
/* Registered behind the thread-safe function, hence run before it goes: the thread never calls into a dead one. */
static void watcher_stop(napi_async_cleanup_hook_handle handle, void *data) {
  Watcher *w = data;
  eventfd_write(w->stop, 1);
  pthread_join(w->thread, NULL);
  napi_release_threadsafe_function(w->ready, napi_tsfn_abort);
  close(w->epoll), close(w->stop);
  free(w);
  napi_remove_async_cleanup_hook(handle);
}
/* startWatching(callback(token)): once per environment. Does not keep the event loop alive; hold(true) does. */
static napi_value start_watching(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Watcher *w = calloc(1, sizeof *w);
  napi_value name;
  w->epoll = epoll_create1(EPOLL_CLOEXEC), w->stop = eventfd(0, EFD_CLOEXEC);
  struct epoll_event stop = { .events = EPOLLIN, .data.u64 = 0 };
  if (w->epoll < 0 || w->stop < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->stop, &stop) < 0) {
    long error = -errno;
    close(w->epoll), close(w->stop), free(w);
    return integer(env, error);
  }
  napi_create_string_utf8(env, "tortie-linux:watch", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, a.v[0], NULL, name, 0, 1, NULL, NULL, NULL, watcher_call, &w->ready);
  napi_unref_threadsafe_function(env, w->ready);
  int failed = pthread_create(&w->thread, NULL, watcher_run, w);
  if (failed) {
    napi_release_threadsafe_function(w->ready, napi_tsfn_abort);
    close(w->epoll), close(w->stop), free(w);
    return integer(env, -failed);
  }
  napi_add_async_cleanup_hook(env, watcher_stop, w, &w->hook);
  napi_set_instance_data(env, w, NULL, NULL);
  return integer(env, 0);
}
/* watch(fd, token, again): asks for one report of readiness; again re-arms. unwatch(fd). */
static napi_value watch(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Watcher *w = NULL;
  bool again = false;
  napi_get_instance_data(env, (void **)&w);
  if (!w) return integer(env, -EINVAL);
  napi_get_value_bool(env, a.v[2], &again);
  struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = number(&a, 1) };
  return integer(env, SYSCALL(epoll_ctl(w->epoll, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, number(&a, 0), &e)));
}
static napi_value unwatch(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Watcher *w = NULL;
  napi_get_instance_data(env, (void **)&w);
  return integer(env, w ? SYSCALL(epoll_ctl(w->epoll, EPOLL_CTL_DEL, number(&a, 0), NULL)) : -EINVAL);
}
static napi_value hold(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Watcher *w = NULL;
  bool on = false;
  napi_get_instance_data(env, (void **)&w);
  napi_get_value_bool(env, a.v[0], &on);
  if (w && on) napi_ref_threadsafe_function(env, w->ready);
  else if (w) napi_unref_threadsafe_function(env, w->ready);
  return integer(env, 0);
}

NAPI_MODULE_INIT() {
  static const struct { const char *name; napi_callback call; } table[] = {
    { "openSocket", open_socket }, { "readFile", read_file }, { "writeFile", write_file },
    { "createNetns", create_netns }, { "close", fd_close }, { "setsockopt", fd_setsockopt },
    { "getsockopt", fd_getsockopt }, { "bind", fd_bind }, { "connect", fd_connect },
    { "getsockname", fd_getsockname }, { "getpeername", fd_getpeername }, { "receive", fd_receive }, { "attachFilter", fd_attach_filter },
    { "flock", fd_flock }, { "mount", do_mount },
    { "unmount", do_unmount }, { "exchange", exchange }, { "startWatching", start_watching }, { "watch", watch },
    { "unwatch", unwatch }, { "hold", hold },
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    napi_value f;
    napi_create_function(env, table[i].name, NAPI_AUTO_LENGTH, table[i].call, NULL, &f);
    napi_set_named_property(env, exports, table[i].name, f);
  }
  return exports;
}
