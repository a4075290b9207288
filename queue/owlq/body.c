#include "config.h"
#include <errno.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/crc32c.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "queue/owlq/jsonline.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/screen.h"
#include "queue/owlq/utf8.h"
#include "queue/owlq/view.h"

/* A line of a message is at most this long on a terminal; longer ones are
 * cleaned in pieces, where a character on the border becomes '?'. */
enum { CHUNK = 65536 };

static const char damaged[] = "the message's checksum does not fit";

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

static int show_one(void *context, const struct selected *m) {
  struct view *v = context;
  uint32_t crc = 0;
  if (!m->message)
    v->code = print_bad(v, m);
  else if (print_octets(m->message->fd, m->octets, &crc) == -1)
    v->code = owlq_unable("show", m->id->s);
  else if (crc != m->message->file.body_crc)
    v->code = owlq_complain(m->id->s, damaged);
  return 0;
}

/* ---- JSON */

static bool is_utf8(struct text t) {
  uint32_t character;
  while (t.len) {
    size_t n = utf8_first(t, &character);
    if (n == 0) return false;
    t.s += n;
    t.len -= n;
  }
  return true;
}

static void set_base64(struct jsonline *j, const char *key, struct text t) {
  stralloc encoded = {0};
  if (t.len > SIZE_MAX / 4 || !stralloc_ready(&encoded, BASE64_ENCODE_RAW_LENGTH(t.len) + 1)) {
    j->failed = true;
    return;
  }
  base64_encode_raw(encoded.s, t.len, (const uint8_t *)t.s);
  jsonline_text(j, key, (struct text){encoded.s, BASE64_ENCODE_RAW_LENGTH(t.len)});
  stralloc_free(&encoded);
}

/* A string of JSON cannot hold what is no UTF-8. */
static int put_body(const struct selected *m, struct text body, const char *fault) {
  struct jsonline j;
  jsonline_begin(&j);
  jsonline_string(&j, "id", m->id->s);
  jsonline_number(&j, "octets", body.len);
  jsonline_flag(&j, "intact", !fault);
  if (fault) jsonline_string(&j, "reason", fault);
  if (is_utf8(body)) jsonline_text(&j, "body", body);
  else set_base64(&j, "body_base64", body);
  return jsonline_put(&j);
}

static int read_octets(int fd, uint64_t octets, stralloc *out) {
  if (octets >= SIZE_MAX || !stralloc_ready(out, (size_t)octets + 1)) return errno = ENOMEM, -1;
  out->len = (size_t)octets;
  return io_pread_all(fd, out->s, out->len, 0);
}

static const char *fault_of(const struct selected *m, struct text body) {
  if (!m->message) return m->reason;
  return crc32c(0, body.s, body.len) == m->message->file.body_crc ? NULL : damaged;
}

static int put_one(void *context, const struct selected *m) {
  struct view *v = context;
  stralloc body = {0};
  int fd = select_open(v->store, m);
  if (fd == -1 || read_octets(fd, m->octets, &body) == -1) {
    v->code = owlq_unable("show", m->id->s);
  } else {
    const char *fault = fault_of(m, text_of_stralloc(&body));
    int code = put_body(m, text_of_stralloc(&body), fault);
    if (fault) code = owlq_complain(m->id->s, fault);
    if (code != TOOL_OK) v->code = code;
  }
  if (fd >= 0) close(fd);
  stralloc_free(&body);
  return 0;
}

int owlq_body(struct control *c, int argc, char **argv) {
  static const char usage[] = "body [--json] ID";
  bool json = argc == 3 && strcmp(argv[1], "--json") == 0;
  if (argc != (json ? 3 : 2) || argv[argc - 1][0] == '-') return owlq_usage(usage);
  return view_messages(c, argc, argv, usage, json ? put_one : show_one);
}
