#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/crc32c.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/screen.h"
#include "queue/owlq/view.h"

/* A line of a message is at most this long on a terminal; longer ones are
 * cleaned in pieces, where a character on the border becomes '?'. */
enum { CHUNK = 65536 };

/* Lines and tabs are kept; all else is cleaned. */
static int print_cleaned(struct text t) {
  while (t.len) {
    size_t len = 0;
    while (len < t.len && t.s[len] != '\n' && t.s[len] != '\t') len++;
    screen_text((struct text){t.s, len});
    if (len < t.len) putchar(t.s[len++]);
    t = (struct text){t.s + len, t.len - len};
  }
  return ferror(stdout) ? -1 : 0;
}

static int print_octets(int fd, uint64_t octets, uint32_t *crc) {
  char chunk[CHUNK];
  bool terminal = isatty(1);
  for (uint64_t at = 0; at < octets;) {
    uint64_t left = octets - at;
    size_t n = left < sizeof chunk ? (size_t)left : sizeof chunk;
    if (io_pread_all(fd, chunk, n, (off_t)at) == -1) return -1;
    *crc = crc32c(*crc, chunk, n);
    if (terminal ? print_cleaned((struct text){chunk, n}) == -1 : fwrite(chunk, 1, n, stdout) != n) return -1;
    at += n;
  }
  return 0;
}

/* Of what does not check the whole file is shown: nobody knows where its
 * message ends. */
static int print_bad(struct view *v, const struct selected *m) {
  uint32_t crc = 0;
  int fd = select_open(v->store, m);
  if (fd == -1) return owlq_unable("open", m->id->s);
  int r = print_octets(fd, m->octets, &crc);
  int code = r == -1 ? owlq_unable("show", m->id->s) : owlq_complain(m->id->s, m->reason);
  close(fd);
  return code;
}

static int body_one(void *context, const struct selected *m) {
  struct view *v = context;
  uint32_t crc = 0;
  if (!m->message)
    v->code = print_bad(v, m);
  else if (print_octets(m->message->fd, m->octets, &crc) == -1)
    v->code = owlq_unable("show", m->id->s);
  else if (crc != m->message->file.body_crc)
    v->code = owlq_complain(m->id->s, "the message's checksum does not fit");
  return 0;
}

int owlq_body(struct control *c, int argc, char **argv) {
  static const char usage[] = "body ID";
  return argc == 2 && argv[1][0] != '-' ? view_messages(c, argc, argv, usage, body_one) : owlq_usage(usage);
}
