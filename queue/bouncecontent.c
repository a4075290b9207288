#include "config.h"
#include <errno.h>
#include "lib/verp.h"
#include "queue/bouncepart.h"

enum { HEADER_MAX = 65536 };

/* RET speaks of DSNs that tell of a failure; in others the header is enough
 * (RFC 3461 4.3), and of what requires TLS it is all that may come back
 * whatever RET says (RFC 8689 5). */
bool bounce_returns_whole(const struct bounce *b) {
  const struct envelope *e = &b->m->file.envelope;
  if (e->ret == RET_HEADERS || e->requiretls || !bounce_has(b, BOUNCE_FAILED)) return false;
  return b->m->file.body_octets <= b->s->bouncemaxbytes;
}

const char *bounce_content_type(const struct bounce *b) {
  if (bounce_returns_whole(b)) return b->international ? "message/global" : "message/rfc822";
  return b->international ? "message/global-headers" : "text/rfc822-headers";
}

static size_t header_octets(struct text body) {
  for (size_t i = 0; i + 1 < body.len; i++)
    if (body.s[i] == '\n' && body.s[i + 1] == '\n') return i + 1;
  return body.len;
}

int bounce_add_content(struct page *p, const struct bounce *b) {
  bool whole = bounce_returns_whole(b);
  page_add(p, "Return-Path: <");
  page_address(p, verp_plain(b->m->file.envelope.sender));
  page_add(p, ">\n");
  if (p->failed) return errno = ENOMEM, -1;
  size_t start = p->out->len;
  if (message_read_body(b->m, p->out, whole ? UINT64_MAX : HEADER_MAX) == -1) return -1;
  if (!whole)
    p->out->len = start + header_octets((struct text){p->out->s + start, p->out->len - start});
  return 0;
}
