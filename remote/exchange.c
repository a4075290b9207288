#include "config.h"
#include "remote/exchange.h"
#include <errno.h>
#include <string.h>

const char *exchange_reason(enum stream_status st) {
  switch (st) {
    case STREAM_CLOSED: return "connection closed";
    case STREAM_TIMED_OUT: return "timed out";
    case STREAM_ABANDONED: return "the queue runner is gone";
    case STREAM_FAILED: return strerror(errno);
    case STREAM_OK: break;
  }
  return "malformed reply";
}

void exchange_lose(struct smtp *s, const char *status, const char *why, const char *where) {
  verdict_set(&s->verdict, RESULT_DEFERRAL, status, why);
  verdict_add(&s->verdict, " at ");
  verdict_add(&s->verdict, where);
  verdict_who(&s->verdict, s->host, s->address);
  smtp_close(s);
}

void exchange_limit(struct smtp *s, enum smtp_step step) {
  s->stream.limit_ms = s->limits_ms[step];
}

/* ---- what is said, for who wants to know */

static void note_commands(const struct smtp *s) {
  struct text rest = text_of_stralloc(&s->stream.out), line;
  if (!s->facts) return;
  while (text_cut(&rest, '\n', &line)) {
    if (line.len && line.s[line.len - 1] == '\r') line.len--;
    if (line.len) fact_say(s->facts, "command", "", line);
  }
}

static void note_reply(const struct smtp *s) {
  struct text rest = text_of_stralloc(&s->reply.text), line;
  if (!s->facts) return;
  while (reply_line(&rest, &line)) {
    fact_begin(s->facts, "reply");
    fact_u(s->facts, s->reply.code);
    fact_s(s->facts, " ");
    fact_t(s->facts, line);
    fact_detail_u(s->facts, "code", s->reply.code);
    fact_end(s->facts);
  }
}

enum stream_status exchange_read_until(struct smtp *s, uint64_t deadline, enum reply_status *r) {
  *r = REPLY_MORE;
  reply_begin(&s->reply);
  for (;;) {
    struct text in = stream_unread(&s->stream), rest = in;
    *r = reply_feed(&s->reply, &rest);
    stream_drop(&s->stream, in.len - rest.len);
    if (*r == REPLY_DONE) note_reply(s);
    if (*r != REPLY_MORE) return STREAM_OK;
    enum stream_status st = stream_fill(&s->stream, deadline);
    if (st != STREAM_OK) return st;
  }
}

bool exchange_read(struct smtp *s, const char *where) {
  enum reply_status r;
  enum stream_status st = exchange_read_until(s, stream_deadline(&s->stream), &r);
  if (r == REPLY_DONE) return true;
  exchange_lose(s, st == STREAM_OK ? "4.5.0" : "4.4.2", exchange_reason(st), where);
  return false;
}

void exchange_judge(struct smtp *s) {
  verdict_of_reply(&s->verdict, &s->reply);
  verdict_who(&s->verdict, s->host, s->address);
}

/* A mailbox server is the only one. */
bool exchange_is_busy(const struct smtp *s) {
  const struct verdict *v = &s->verdict;
  if (s->is_lmtp || v->code == 0 || v->class != RESULT_DEFERRAL) return false;
  return strncmp(v->status, "4.3.", 4) == 0 || strncmp(v->status, "4.4.", 4) == 0;
}

/* A reply to a command before the data.  421 ends the session whatever was
 * asked (RFC 5321 3.8), and nothing has been handed over yet. */
bool exchange_answered(struct smtp *s, const char *where) {
  if (!exchange_read(s, where)) return false;
  if (s->reply.code != CODE_CLOSING) return true;
  exchange_judge(s);
  smtp_close(s);
  return false;
}

bool exchange_positive(const struct smtp *s) { return s->reply.code / 100 == 2; }

void exchange_put(struct smtp *s, bool *ok, const char *ours) {
  *ok = *ok && stralloc_cats(&s->stream.out, ours);
}

bool exchange_flush(struct smtp *s, const char *what) {
  note_commands(s);
  enum stream_status st = stream_flush(&s->stream);
  if (st != STREAM_OK) exchange_lose(s, "4.4.2", exchange_reason(st), what);
  return st == STREAM_OK;
}

bool exchange_no_memory(struct smtp *s) {
  verdict_set(&s->verdict, RESULT_DEFERRAL, "4.3.0", "out of memory");
  s->is_our_fault = true;
  smtp_close(s);
  return false;
}

bool exchange_command(struct smtp *s, const char *verb, struct text argument) {
  bool ok = true;
  exchange_put(s, &ok, verb);
  if (argument.s) exchange_put(s, &ok, " ");
  ok = ok && text_cat(&s->stream.out, argument) == 0;
  exchange_put(s, &ok, "\r\n");
  return ok ? exchange_flush(s, verb) && exchange_answered(s, verb) : exchange_no_memory(s);
}

bool exchange_confused(struct smtp *s) {
  exchange_judge(s);
  verdict_defer(&s->verdict, "4.5.0");
  smtp_close(s);
  return false;
}
