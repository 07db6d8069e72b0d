/* exchange(): sends batches and collects what comes back, on the libuv pool, off the main thread. sendApart(): only sends. */
#include "addon.h"
#include <fcntl.h>
#include <sys/socket.h>

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
napi_value exchange(napi_env env, napi_callback_info info) {
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

typedef struct { int fd; size_t length; uint8_t octets[]; } Parcel;
#define PARCEL_STACK_OCTETS (64 * 1024)

static void *parcel_run(void *data) {
  Parcel *p = data;
  send(p->fd, p->octets, p->length, 0);
  close(p->fd);
  free(p);
  return NULL;
}
/*
 * sendApart(fd, octets) -> 0 or -errno: sends from a thread of its own. The kernel carries a request out within send(): one that
 * waits for all processors would keep a worker of the pool for tens of milliseconds. The answers tell how it went.
 */
napi_value send_apart(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Bytes b = bytes(&a, 1);
  Parcel *p = malloc(sizeof *p + b.length);
  if (!p) return integer(env, -ENOMEM);
  memcpy(p->octets, b.at, p->length = b.length);
  /* The caller may close its own before this one is used. */
  if ((p->fd = SYSCALL(fcntl(number(&a, 0), F_DUPFD_CLOEXEC, 0))) < 0) {
    long error = p->fd;
    free(p);
    return integer(env, error);
  }
  pthread_attr_t small;
  pthread_t thread;
  pthread_attr_init(&small);
  pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&small, PARCEL_STACK_OCTETS);
  int failed = pthread_create(&thread, &small, parcel_run, p);
  pthread_attr_destroy(&small);
  if (failed) close(p->fd), free(p);
  return integer(env, -failed);
}
