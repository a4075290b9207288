#include "config.h"
#include "smtpd/qmtp/netstring.h"
#include <errno.h>

static int malformed(void) { return errno = EPROTO, -1; }

static int fill(struct line_reader *in) {
  ssize_t n = in->at < in->end ? 1 : line_fill(in);
  if (n == 0) errno = ECONNRESET;
  return n > 0 ? 0 : -1;
}

int netstring_begins(struct line_reader *in) {
  if (fill(in) == 0) return 1;
  return errno == ECONNRESET ? 0 : -1;
}

/* An inner netstring's octets are the outer one's as well. */
static int account(struct netstring *outer, uint64_t octets) {
  for (; outer; outer = outer->outer) {
    if (outer->left < octets) return malformed();
    outer->left -= octets;
  }
  return 0;
}

static int take_octet(struct line_reader *in, struct netstring *outer, char *c) {
  if (account(outer, 1) == -1 || fill(in) == -1) return -1;
  *c = in->octets[in->at++];
  return 0;
}

int netstring_open(struct netstring *n, struct line_reader *in, struct netstring *outer) {
  uint64_t length = 0;
  char c;
  *n = (struct netstring){in, outer, 0};
  for (unsigned digits = 0;; digits++) {
    if (take_octet(in, outer, &c) == -1) return -1;
    if (c == ':' && digits) break;
    if (c < '0' || c > '9' || digits == NETSTRING_DIGITS_MAX) return malformed();
    if (digits && length == 0) return malformed();
    length = length * 10 + (uint64_t)(c - '0');
  }
  if (outer && length >= outer->left) return malformed(); /* there must be room for the comma */
  n->left = length;
  return 0;
}

int netstring_take(struct netstring *n, size_t max, struct text *piece) {
  if (n->left == 0) return malformed();
  if (fill(n->in) == -1) return -1;
  size_t len = n->in->end - n->in->at;
  if (len > max) len = max;
  if (len > n->left) len = (size_t)n->left;
  if (account(n, len) == -1) return -1;
  *piece = (struct text){n->in->octets + n->in->at, len};
  n->in->at += len;
  return 0;
}

int netstring_close(struct netstring *n) {
  struct text dropped;
  char c;
  while (n->left)
    if (netstring_take(n, LINE_BUFFER_OCTETS, &dropped) == -1) return -1;
  if (take_octet(n->in, n->outer, &c) == -1) return -1;
  return c == ',' ? 0 : malformed();
}

int netstring_read(struct line_reader *in, struct netstring *outer, size_t max, stralloc *out,
                   bool *too_long) {
  struct netstring n;
  struct text piece;
  stralloc_zero(out);
  if (netstring_open(&n, in, outer) == -1) return -1;
  *too_long = n.left > max;
  while (!*too_long && n.left) {
    if (netstring_take(&n, max, &piece) == -1) return -1;
    if (text_cat(out, piece) == -1) return errno = ENOMEM, -1;
  }
  return netstring_close(&n);
}
