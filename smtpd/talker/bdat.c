#include "config.h"
#include "smtpd/talker/bdat.h"
#include "smtpd/talker/command.h"

enum { SIZE_DIGITS_MAX = 20 };

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

int bdat_parse(struct bdat *b, struct text argument) {
  size_t n = 0;
  while (n < argument.len && !is_blank(argument.s[n])) n++;
  struct text size = {argument.s, n};
  while (n < argument.len && is_blank(argument.s[n])) n++;
  struct text rest = {argument.s + n, argument.len - n};
  if (size.len > SIZE_DIGITS_MAX || text_uint(size, &b->left) == -1 || b->left > INT64_MAX) return -1;
  b->last = rest.len > 0;
  return rest.len == 0 || text_equal_nocase(rest, text_of("LAST")) ? 0 : -1;
}

static struct reply begin(struct session *s) {
  struct reply r = command_begin_data(s);
  if (r.next == NEXT_DATA) {
    s->bdat.state = BDAT_FIRST;
    return reply_say(250, "2.0.0", "go on");
  }
  if (r.next == NEXT_END) return r;
  struct reply dropped = command_drop_transaction(s);
  return dropped.next == NEXT_END ? dropped : r;
}

struct reply bdat_command(struct session *s, struct text argument) {
  if (bdat_parse(&s->bdat, argument) == -1)
    return reply_hang_up(501, "5.5.4", "BDAT goes with SIZE or SIZE LAST, closing");
  struct reply r = s->bdat.state == BDAT_NONE ? begin(s) : reply_say(250, "2.0.0", "go on");
  if (r.next != NEXT_END) r.next = NEXT_CHUNK;
  return r;
}
