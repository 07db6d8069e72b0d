/*
 * The few system calls the plugin makes, without a C library: the executable stays at some kilobytes and starts in a
 * fraction of a millisecond. Results are those of the kernel: 0 or more, or a negated errno.
 */
#ifndef TORTIE_CNI_SYSTEM_H
#define TORTIE_CNI_SYSTEM_H
#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/time_types.h>
#include <linux/un.h>
#include <stddef.h>
#include <stdint.h>

#define AF_UNIX 1
#define SOCK_STREAM 1
#define SOCK_NONBLOCK 04000
#define SOCK_CLOEXEC 02000000
#define MSG_NOSIGNAL 0x4000
#define POLLIN 1
#define POLLOUT 4
#define CLOCK_MONOTONIC 1
struct pollfd { int fd; short events, revents; };

#if defined(__x86_64__)
static inline long system_call(long n, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
/* The kernel leaves argc, argv and the environment on the stack. */
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call start\n  hlt\n");
#elif defined(__aarch64__)
static inline long system_call(long n, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = n;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x30, #0\n  mov x0, sp\n  bl start\n  brk #0\n");
#else
#error "no system calls for this processor in native/system.h; x86-64 and arm64 are there"
#endif

#define SYS(n, a, b, c, d, e, f) system_call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
static inline long sys_read(int fd, void *to, size_t n) { return SYS(__NR_read, fd, to, n, 0, 0, 0); }
static inline long sys_write(int fd, const void *from, size_t n) { return SYS(__NR_write, fd, from, n, 0, 0, 0); }
static inline long sys_send(int fd, const void *from, size_t n) {
  return SYS(__NR_sendto, fd, from, n, MSG_NOSIGNAL, 0, 0);
}
static inline long sys_socket(int domain, int type) { return SYS(__NR_socket, domain, type, 0, 0, 0, 0); }
static inline long sys_connect(int fd, const void *address, size_t n) { return SYS(__NR_connect, fd, address, n, 0, 0, 0); }
static inline long sys_poll(struct pollfd *fds, unsigned n, struct __kernel_timespec *wait) {
  return SYS(__NR_ppoll, fds, n, wait, 0, 8, 0);
}
static inline int64_t sys_now_ms(void) {
  struct __kernel_timespec now;
  SYS(__NR_clock_gettime, CLOCK_MONOTONIC, &now, 0, 0, 0, 0);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
static inline void sys_sleep_ms(int ms) {
  struct __kernel_timespec wait = { .tv_nsec = ms * 1000000L };
  sys_poll(NULL, 0, &wait);
}
__attribute__((noreturn)) static inline void sys_exit(int status) {
  for (;;) SYS(__NR_exit_group, status, 0, 0, 0, 0, 0);
}

/* What the compiler itself calls. */
void *memcpy(void *restrict to, const void *restrict from, size_t n) {
  for (size_t i = 0; i < n; i++) ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
  return to;
}
void *memset(void *to, int octet, size_t n) {
  for (size_t i = 0; i < n; i++) ((uint8_t *)to)[i] = octet;
  return to;
}
#endif
