/* Octets from a talker that has been taken over.  DATA finds no injector, so
 * no process is started for it but one that fails to exec. */
#include "config.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unixsock.h"
#include "smtpd/doorkeeper/doorkeeper.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static struct settings settings;
static struct client client;

static void set_up(void) {
  if (settings.maxrecipients) return;
  signal(SIGPIPE, SIG_IGN);
  setenv("QMAILQUEUE", "/nonexistent", 1);
  settings.maxrecipients = 3;
  if (list_parse(&settings.rcpthosts, text_of("o\n")) == -1 || !stralloc_copys(&settings.me, "m") ||
      !stralloc_copys(&settings.folder, "/nonexistent") || !stralloc_0(&settings.folder) ||
      !stralloc_copys(&settings.rcpt_socket, "/nonexistent") || !stralloc_0(&settings.rcpt_socket))
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct log silent = {.fd = -1};
  struct doorkeeper k;
  int pair[2];
  set_up();
  if (size > 60000 || unixsock_pair(pair) == -1) return 0;
  doorkeeper_open(&k, &settings, &client, &clock_system, &silent);
  if (io_write_all(pair[1], octets, size, 1000) == -1) abort();
  shutdown(pair[1], SHUT_WR);
  doorkeeper_serve(&k, pair[0]);
  if (k.messages) abort();
  close(pair[0]);
  close(pair[1]);
  doorkeeper_close(&k);
  stralloc_free(&silent.line);
  return 0;
}
