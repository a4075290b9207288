/* A client behind its login, with a mailbox of three messages. */
#include "config.h"
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "pop3d/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static char folder[] = "/tmp/owlpost-fuzz.XXXXXX";

static void check(bool fact) {
  if (!fact) abort();
}

static void put(const char *name, const char *content) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  check(fd >= 0 && io_write_all(fd, content, strlen(content), IO_FOREVER) == 0);
  close(fd);
}

static void make(void) {
  static const char *const names[] = {"new", "cur", "tmp"};
  char path[128];
  check(mkdtemp(folder) != NULL);
  for (int i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    check(mkdir(path, 0700) == 0);
  }
}

static void clean_up(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  if (system(command) != 0) perror(folder);
}

static int flush(void *context, stralloc *out) {
  (void)context;
  stralloc_zero(out);
  return 0;
}

/* A line with the outcome, and nothing else, or lines and a dot on one of its own. */
static void check_reply(const stralloc *out) {
  const char *lf = memchr(out->s, '\n', out->len);
  check(lf && out->len >= 5 && memcmp(out->s + out->len - 2, "\r\n", 2) == 0);
  size_t first = (size_t)(lf - out->s) + 1;
  check(memcmp(out->s, "+OK", 3) == 0 || (memcmp(out->s, "-ERR ", 5) == 0 && first == out->len));
  check(first == out->len || memcmp(out->s + out->len - 5, "\r\n.\r\n", 5) == 0);
}

static void play(struct pop3_session *s, struct text lines) {
  struct text line;
  check(session_begin(s) == 0);
  check_reply(&s->out);
  flush(NULL, &s->out);
  while (!s->is_over && text_cut(&lines, '\n', &line)) {
    if (line.len > POP3_LINE_MAX) line.len = POP3_LINE_MAX;
    check(session_run(s, line) == 0);
    check_reply(&s->out);
    check(flush(NULL, &s->out) == 0);
  }
}

static void fill(struct mailbox *m) {
  put("new/1.a", "A: b\n\n.c\nd");
  put("cur/2.b:2,S", "\r\n.\r\n");
  put("new/3.c", "");
  check(mailbox_open(m, folder) == 0);
  mailbox_measure(m);
}

/* Only QUIT changes anything. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  static struct mailbox m;
  static bool is_filled;
  struct pop3_session s = {.mailbox = &m, .flush = flush};
  if (!m.log.fd) make(), atexit(clean_up);
  if (!is_filled) fill(&m);
  play(&s, (struct text){size ? (const char *)octets : "", size});
  is_filled = !s.is_over;
  if (!is_filled) mailbox_close(&m);
  session_free(&s);
  return 0;
}
