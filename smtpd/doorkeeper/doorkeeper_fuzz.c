/* Octets from a talker that has been taken over.  The first octet chooses what
 * the rest meets (enum choice).  The injector is a program that takes any
 * message, or one that cannot be started. */
#include "config.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unixsock.h"
#include "smtpd/doorkeeper/doorkeeper.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

enum choice {
  MAY_RELAY = 1,
  HAS_LIMIT = 2,   /* of octets, and of requests */
  DESCRIPTOR = 4,  /* one comes with the first octet */
  INJECTOR = 8
};

static struct settings settings;
static struct client client;

static void set_up(void) {
  if (settings.maxrecipients) return;
  signal(SIGPIPE, SIG_IGN);
  settings.maxrecipients = 3;
  if (list_parse(&settings.rcpthosts, text_of("o\n")) == -1 ||
      list_parse(&settings.badmailfrom, text_of("bad@o\n")) == -1 ||
      list_parse(&settings.badrcptto, text_of("bad@o\n")) == -1 ||
      !stralloc_copys(&settings.localiphost, "o") || !stralloc_copys(&client.local_address, "::1") ||
      !stralloc_copys(&client.address, "::2") || !stralloc_copys(&client.name, "two") || !stralloc_copys(&settings.me, "m") ||
      !stralloc_copys(&settings.folder, "/nonexistent") || !stralloc_0(&settings.folder) ||
      !stralloc_copys(&settings.rcpt_socket, "/nonexistent") || !stralloc_0(&settings.rcpt_socket))
    abort();
}

static void choose(unsigned choice) {
  settings.relayclient = choice & MAY_RELAY ? text_of("") : TEXT_ABSENT;
  settings.databytes = choice & HAS_LIMIT ? 100 : 0;
  settings.maxrequests = settings.maxtransactions = choice & HAS_LIMIT ? 6 : 0;
  setenv("QMAILQUEUE", choice & INJECTOR ? "/bin/true" : "/nonexistent", 1);
}

static void send_with(int sock, const uint8_t *octets, size_t size, int fd) {
  struct iovec v = {(void *)(uintptr_t)octets, size};
  union {
    struct cmsghdr head;
    char octets[CMSG_SPACE(sizeof fd)];
  } control = {.head = {.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (sendmsg(sock, &m, 0) != (ssize_t)size) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct log silent = {.fd = -1};
  struct doorkeeper k;
  int pair[2];
  set_up();
  if (size < 2 || size > 60000 || unixsock_pair(pair) == -1) return 0;
  choose(octets[0]);
  doorkeeper_open(&k, &settings, &client, &clock_system, &silent);
  if (octets[0] & DESCRIPTOR) send_with(pair[1], octets + 1, size - 1, STDERR_FILENO);
  else if (io_write_all(pair[1], octets + 1, size - 1, 1000) == -1) abort();
  shutdown(pair[1], SHUT_WR);
  doorkeeper_serve(&k, pair[0]);
  if (k.messages && !(octets[0] & INJECTOR)) abort();
  close(pair[0]);
  close(pair[1]);
  doorkeeper_close(&k);
  stralloc_free(&silent.line);
  return 0;
}
