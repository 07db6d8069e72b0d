/* Readiness of descriptors: one epoll thread per environment, which reports through a thread-safe function. */
#include "addon.h"
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

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
napi_value start_watching(napi_env env, napi_callback_info info) {
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
  /* Real-time priority is not inherited (RESET_ON_FORK), and is worth nothing where readiness is told late. */
  struct sched_param priority;
  if (sched_getparam(0, &priority) == 0 && priority.sched_priority > 0)
    pthread_setschedparam(w->thread, SCHED_RR, &priority);
  napi_add_async_cleanup_hook(env, watcher_stop, w, &w->hook);
  napi_set_instance_data(env, w, NULL, NULL);
  return integer(env, 0);
}
/* watch(fd, token, again): asks for one report of readiness; again re-arms. unwatch(fd). */
napi_value watch(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Watcher *w = NULL;
  bool again = false;
  napi_get_instance_data(env, (void **)&w);
  if (!w) return integer(env, -EINVAL);
  napi_get_value_bool(env, a.v[2], &again);
  struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = number(&a, 1) };
  return integer(env, SYSCALL(epoll_ctl(w->epoll, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, number(&a, 0), &e)));
}
napi_value unwatch(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Watcher *w = NULL;
  napi_get_instance_data(env, (void **)&w);
  return integer(env, w ? SYSCALL(epoll_ctl(w->epoll, EPOLL_CTL_DEL, number(&a, 0), NULL)) : -EINVAL);
}
napi_value hold(napi_env env, napi_callback_info info) {
  Args a = args_of(env, info);
  Watcher *w = NULL;
  bool on = false;
  napi_get_instance_data(env, (void **)&w);
  napi_get_value_bool(env, a.v[0], &on);
  if (w && on) napi_ref_threadsafe_function(env, w->ready);
  else if (w) napi_unref_threadsafe_function(env, w->ready);
  return integer(env, 0);
}
