/* Arguments and results of the addon's functions, and what its files have in common. */
#ifndef TORTIE_ADDON_H
#define TORTIE_ADDON_H
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <errno.h>
#include <node_api.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc 2.34 gave these new versions, without which a binary that is built there would not load with an older one. */
#if defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))
#ifdef __x86_64__
#define FIRST_VERSION "GLIBC_2.2.5"
#else
#define FIRST_VERSION "GLIBC_2.17"
#endif
__asm__(".symver pthread_attr_setstacksize, pthread_attr_setstacksize@" FIRST_VERSION "\n"
        ".symver pthread_create, pthread_create@" FIRST_VERSION "\n"
        ".symver pthread_join, pthread_join@" FIRST_VERSION "\n");
#endif

#define MAX_ARGS 8
#define PATH_OCTETS 1024
#define DATAGRAM_OCTETS (64 * 1024)
#define SYSCALL(call) ({ long r_; do r_ = (call); while (r_ < 0 && errno == EINTR); r_ < 0 ? -(long)errno : r_; })

typedef struct { napi_env env; napi_value v[MAX_ARGS]; size_t n; } Args;
typedef struct { uint8_t *at; size_t length; } Bytes;

static inline Args args_of(napi_env env, napi_callback_info info) {
  Args a = { .env = env, .n = MAX_ARGS };
  napi_get_cb_info(env, info, &a.n, a.v, NULL, NULL);
  return a;
}
static inline int64_t number(Args *a, size_t i) { int64_t x = -1; napi_get_value_int64(a->env, a->v[i], &x); return x; }
static inline Bytes bytes(Args *a, size_t i) {
  Bytes b = { NULL, 0 };
  bool typed = false;
  napi_is_typedarray(a->env, a->v[i], &typed);
  void *at = NULL;
  napi_typedarray_type type;
  if (typed && napi_get_typedarray_info(a->env, a->v[i], &type, &b.length, &at, NULL, NULL) == napi_ok) b.at = at;
  return b;
}
/* Copies a string; "" for anything else. */
static inline void text(Args *a, size_t i, char out[PATH_OCTETS]) {
  size_t n = 0;
  out[0] = 0;
  napi_get_value_string_utf8(a->env, a->v[i], out, PATH_OCTETS, &n);
}
static inline napi_value integer(napi_env env, long x) { napi_value v; napi_create_int64(env, x, &v); return v; }
static inline napi_value buffer(napi_env env, const void *data, size_t length) {
  napi_value v;
  void *unused;
  napi_create_buffer_copy(env, length, data ? data : "", &unused, &v);
  return v;
}

/* datagram.c */
napi_value receive_datagram(napi_env env, napi_callback_info info);
napi_value send_datagram(napi_env env, napi_callback_info info);
/* exchange.c */
napi_value exchange(napi_env env, napi_callback_info info);
napi_value send_apart(napi_env env, napi_callback_info info);
/* watch.c */
napi_value start_watching(napi_env env, napi_callback_info info);
napi_value watch(napi_env env, napi_callback_info info);
napi_value unwatch(napi_env env, napi_callback_info info);
napi_value hold(napi_env env, napi_callback_info info);

#endif
