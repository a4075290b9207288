#include "config.h"
#include "smtpd/doorkeeper/injectormodel.h"
#include <errno.h>
#include <fcntl.h>
#include "lib/fuzz.h"

struct injectormodel injectormodel = {.message = -1};

enum { PID = 1, TRACE_MAX_OCTETS = 4096 };

int injector_start_ready(struct injector *i, const struct envelope *e, const char *socket) {
  static int file = -1;
  struct injectormodel *m = &injectormodel;
  check(m->message == -1 && e->protocol.len && text_equals(text_of(socket), "/inject"));
  *i = (struct injector){.pid = -1, .door = -1, .message_fd = -1, .envelope_fd = -1, .error_fd = -1, .extra_fd = -1};
  if (!m->starts) return errno = ENOENT, -1;
  m->message = fuzz_file(&file);
  i->message_fd = m->takes_octets ? fcntl(file, F_DUPFD_CLOEXEC, 0) : open("/dev/null", O_RDONLY | O_CLOEXEC);
  check(i->message_fd >= 0);
  i->pid = i->queued_by = PID;
  return 0;
}

/* What the doorkeeper writes itself: one field. */
static void check_trace(int file) {
  char octets[TRACE_MAX_OCTETS];
  ssize_t n = pread(file, octets, sizeof octets, 0);
  static const char begin[] = "Received: ";
  check(n > (ssize_t)sizeof begin && n < TRACE_MAX_OCTETS && octets[n - 1] == '\n');
  check(text_equals((struct text){octets, sizeof begin - 1}, begin));
  for (ssize_t at = 0; at < n - 1; at++) {
    check((octets[at] >= 32 && octets[at] < 127) || octets[at] == '\n');
    check(octets[at] != '\n' || octets[at + 1] == ' ');
  }
}

static int end(struct injector *i) {
  struct injectormodel *m = &injectormodel;
  check(m->message >= 0 && i->pid == PID);
  if (m->takes_octets) check_trace(m->message);
  if (i->message_fd >= 0) close(i->message_fd);
  m->message = i->message_fd = i->pid = -1;
  if (!stralloc_copyb(&i->text, m->text.s, m->text.len)) abort();
  return m->code;
}

int injector_finish(struct injector *i, const struct envelope *e) {
  int code = end(i);
  check(code != INJECTOR_OK || e->recipient_count);
  if (code == INJECTOR_OK) injectormodel.see(e);
  injectormodel.taken += code == INJECTOR_OK;
  return code;
}

int injector_abort(struct injector *i) { return end(i); }

void injector_free(struct injector *i) { stralloc_free(&i->text); }
