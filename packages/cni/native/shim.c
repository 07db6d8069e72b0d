/*
 * The CNI plugin as runtimes see it: hands the environment and standard input to the node's agent, and prints its answer.
 *
 *     runtime ──► tortie ──► agent's CNI socket: the question of src/frame.ts, then its answer
 *
 * VERSION needs no agent. Where the agent cannot be asked, the answer is an error of the CNI specification: 11, try again
 * later (of STATUS: 50, not available). Nothing is done here, so nothing is left half done.
 */
#include "system.h"
#include "json-members.h"

#define DEFAULT_SOCKET "/run/tortie/cni.sock"
#define VERSIONS "\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\""
#define NEWEST "1.1.0"
#define MAGIC "TCN1"
#define HEADER_OCTETS 8
#define MAX_VARIABLE_OCTETS (64 * 1024)
#define MAX_STDIN_OCTETS (1024 * 1024)
#define MAX_ANSWER_OCTETS (1024 * 1024)
/* Below the two minutes kubelet and containerd give a plugin. */
#define ANSWER_TIMEOUT_MS 60000

/* Numbers of the specification, section "Error". */
enum { INVALID_ENVIRONMENT = 4, IO_FAILURE = 5, NO_JSON = 6, INVALID_CONFIG = 7, TRY_AGAIN = 11, NOT_AVAILABLE = 50 };

static const char *const VARIABLES[] = { "CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS" };
enum { COMMAND, VARIABLE_COUNT = 5 };

static uint8_t input[MAX_STDIN_OCTETS + 1], answer[HEADER_OCTETS + MAX_ANSWER_OCTETS];
static Slice config, version = { (const uint8_t *)NEWEST, 5 };

/* ---- what is printed ---- */

static char out[4096];
static size_t out_length;

static size_t length_of(const char *text) {
  size_t n = 0;
  while (text[n]) n++;
  return n;
}
static void add(const char *text) {
  for (; *text && out_length < sizeof out; text++) out[out_length++] = *text;
}
/* As the inside of a JSON text. */
static void add_escaped(const char *text) {
  for (; *text && out_length + 2 < sizeof out; text++) {
    if (*text == '"' || *text == '\\') out[out_length++] = '\\';
    out[out_length++] = (uint8_t)*text < 0x20 ? '?' : *text;
  }
}
static void add_number(int number) {
  if (number >= 10) add_number(number / 10);
  char digit[2] = { '0' + number % 10, 0 };
  add(digit);
}
static void add_version(void) {
  for (size_t i = 0; i < version.length && out_length < sizeof out; i++) out[out_length++] = version.at[i];
}
static void print(int fd, const void *text, size_t length) {
  for (size_t done = 0; done < length;) {
    long n = sys_write(fd, (const uint8_t *)text + done, length - done);
    if (n == -EINTR) continue;
    if (n <= 0) sys_exit(1);
    done += n;
  }
}
__attribute__((noreturn)) static void fail(int code, const char *message, const char *about, const char *details) {
  out_length = 0;
  add("{\"cniVersion\":\""), add_version(), add("\",\"code\":"), add_number(code);
  add(",\"msg\":\""), add_escaped(message), add_escaped(about);
  add("\",\"details\":\""), add_escaped(details), add("\"}\n");
  print(1, out, out_length);
  sys_exit(1);
}

/* ---- waiting ---- */

static int64_t deadline;

/* Until the descriptor is ready; false when the time is up. */
static bool wait_for(int fd, short events) {
  for (;;) {
    int64_t left = deadline - sys_now_ms();
    if (left <= 0) return false;
    struct __kernel_timespec wait = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };
    struct pollfd one = { .fd = fd, .events = events };
    long ready = sys_poll(&one, 1, &wait);
    if (ready > 0) return true;
    if (ready < 0 && ready != -EINTR) return false;
  }
}

/* ---- what is asked ---- */

static const char *variable(char **environment, const char *name) {
  size_t n = length_of(name);
  for (; *environment; environment++) {
    size_t i = 0;
    while (i < n && (*environment)[i] == name[i]) i++;
    if (i == n && (*environment)[n] == '=') return *environment + n + 1;
  }
  return "";
}
static void read_config(void) {
  size_t length = 0;
  for (;;) {
    if (!wait_for(0, POLLIN)) fail(IO_FAILURE, "standard input does not end; it is the network configuration", "", "");
    long n = sys_read(0, input + length, sizeof input - length);
    if (n == -EINTR || n == -EAGAIN) continue;
    if (n < 0) fail(IO_FAILURE, "standard input cannot be read; it is the network configuration", "", "");
    if (n == 0) break;
    length += n;
    if (length > MAX_STDIN_OCTETS) fail(INVALID_CONFIG, "the network configuration is longer than 1 MiB", "", "");
  }
  config = (Slice){ input, length };
  if (!json_is_object(config)) fail(NO_JSON, "standard input holds no JSON object; it is the network configuration", "", "");
  /* Only what looks like a version is repeated in answers. */
  Slice asked = json_member(config, "cniVersion");
  bool plain = asked.length > 0 && asked.length < 32;
  for (size_t i = 0; i < asked.length; i++) plain &= (asked.at[i] >= '0' && asked.at[i] <= '9') || asked.at[i] == '.';
  if (plain) version = asked;
}

/* ---- the agent ---- */

static int no_agent_code = TRY_AGAIN;
static char socket_path[sizeof((struct sockaddr_un){ 0 }).sun_path];

__attribute__((noreturn)) static void no_agent(const char *why) {
  fail(no_agent_code, "the agent of this node cannot be asked; try again later: ", why, socket_path);
}
static int connect_agent(void) {
  Slice path = json_member(config, "socket");
  if (path.length == 0) path = (Slice){ (const uint8_t *)DEFAULT_SOCKET, sizeof DEFAULT_SOCKET - 1 };
  if (path.length >= sizeof socket_path) fail(INVALID_CONFIG, "/socket is longer than 107 octets", "", "");
  for (size_t i = 0; i < path.length; i++) {
    if (path.at[i] == '\\') fail(INVALID_CONFIG, "/socket is no plain path: it has an escape", "", "");
    socket_path[i] = path.at[i];
  }
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  memcpy(address.sun_path, socket_path, sizeof socket_path);
  int fd = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) fail(IO_FAILURE, "no socket could be opened", "", "");
  long r;
  /* A unix socket that does not wait says EAGAIN while the agent's queue is full. */
  while ((r = sys_connect(fd, &address, sizeof address)) == -EAGAIN || r == -EINTR) {
    if (sys_now_ms() > deadline) no_agent("too many calls wait for it");
    sys_sleep_ms(5);
  }
  if (r == -ENOENT) no_agent("it does not run, or has no CNI socket (cni: in its file)");
  if (r == -ECONNREFUSED) no_agent("it does not run");
  if (r == -EACCES || r == -EPERM) fail(IO_FAILURE, "the agent's CNI socket is for root only", "", socket_path);
  if (r < 0) no_agent("connect failed");
  return fd;
}
static void send_all(int fd, const void *from, size_t length) {
  for (size_t done = 0; done < length;) {
    long n = sys_send(fd, (const uint8_t *)from + done, length - done);
    if (n == -EINTR) continue;
    if (n == -EAGAIN) {
      if (!wait_for(fd, POLLOUT)) no_agent("it takes no questions");
      continue;
    }
    /* It may have answered before it read everything: then that is the answer. */
    if (n <= 0) return;
    done += n;
  }
}
static void receive_all(int fd, uint8_t *to, size_t length) {
  for (size_t done = 0; done < length;) {
    if (!wait_for(fd, POLLIN)) no_agent("no answer in 60 s");
    long n = sys_read(fd, to + done, length - done);
    if (n == -EINTR || n == -EAGAIN) continue;
    if (n <= 0) no_agent("it ended before it had answered");
    done += n;
  }
}
static void put_number(uint8_t *to, uint32_t number) {
  for (int i = 0; i < 4; i++) to[i] = number >> (24 - 8 * i);
}
static void send_field(int fd, const void *from, size_t length) {
  uint8_t octets[4];
  put_number(octets, length);
  send_all(fd, octets, sizeof octets);
  send_all(fd, from, length);
}

/* ---- the call ---- */

__attribute__((noreturn)) static void call(char **environment) {
  const char *values[VARIABLE_COUNT];
  size_t total = VARIABLE_COUNT * 4 + 4;
  for (int i = 0; i < VARIABLE_COUNT; i++) {
    values[i] = variable(environment, VARIABLES[i]);
    total += length_of(values[i]);
  }
  const Slice command = { (const uint8_t *)values[COMMAND], length_of(values[COMMAND]) };
  if (command.length == 0) {
    static const char about[] = "Tortie's CNI plugin, called by container runtimes. It speaks CNI 0.3.1, 0.4.0, 1.0.0 and 1.1.0.\n";
    print(2, about, sizeof about - 1);
    sys_exit(0);
  }
  deadline = sys_now_ms() + ANSWER_TIMEOUT_MS;
  read_config();
  if (same_text(command, "VERSION")) {
    add("{\"cniVersion\":\""), add_version(), add("\",\"supportedVersions\":[" VERSIONS "]}\n");
    print(1, out, out_length);
    sys_exit(0);
  }
  for (int i = 0; i < VARIABLE_COUNT; i++) {
    if (length_of(values[i]) > MAX_VARIABLE_OCTETS) fail(INVALID_ENVIRONMENT, VARIABLES[i], " is longer than 64 KiB", "");
  }
  if (same_text(command, "STATUS")) no_agent_code = NOT_AVAILABLE;
  int fd = connect_agent();
  uint8_t header[HEADER_OCTETS] = MAGIC;
  put_number(header + 4, total + config.length);
  send_all(fd, header, sizeof header);
  for (int i = 0; i < VARIABLE_COUNT; i++) send_field(fd, values[i], length_of(values[i]));
  send_field(fd, config.at, config.length);
  receive_all(fd, answer, HEADER_OCTETS);
  uint32_t length = 0;
  for (int i = 4; i < HEADER_OCTETS; i++) length = length << 8 | answer[i];
  Slice magic = { answer, 4 };
  if (!same_text(magic, MAGIC) || length == 0 || length > MAX_ANSWER_OCTETS)
    fail(IO_FAILURE, "what listens on the CNI socket is no agent", "", socket_path);
  receive_all(fd, answer + HEADER_OCTETS, length);
  print(1, answer + HEADER_OCTETS + 1, length - 1);
  sys_exit(answer[HEADER_OCTETS]);
}

/* Called with the stack as the kernel has left it: argc, argv, 0, environment. */
__attribute__((noreturn, used)) void start(long *stack) {
  call((char **)(stack + 1 + stack[0] + 1));
}
