#include "config.h"
#include "remote/smtp.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/address.h"

enum { CODE_READY = 220, CODE_CLOSING = 421, CODE_START_DATA = 354, CODE_TOO_MUCH = 552 };

/* How long to look for the words of a server that hung up in mid-message. */
enum { LAST_WORDS_MS = 1000 };

/* ---- replies */

static const char *reason(enum stream_status st) {
  switch (st) {
    case STREAM_CLOSED: return "connection closed";
    case STREAM_TIMED_OUT: return "timed out";
    case STREAM_ABANDONED: return "the queue runner is gone";
    case STREAM_FAILED: return strerror(errno);
    case STREAM_OK: break;
  }
  return "malformed reply";
}

static void lose(struct smtp *s, const char *status, const char *why, const char *where) {
  verdict_set(&s->verdict, RESULT_DEFERRAL, status, why);
  verdict_add(&s->verdict, " at ");
  verdict_add(&s->verdict, where);
  verdict_who(&s->verdict, s->host, s->address);
  smtp_close(s);
}

static enum stream_status read_octets(struct smtp *s, uint64_t deadline, enum reply_status *r) {
  *r = REPLY_MORE;
  reply_begin(&s->reply);
  for (;;) {
    struct text in = stream_unread(&s->stream), rest = in;
    *r = reply_feed(&s->reply, &rest);
    stream_drop(&s->stream, in.len - rest.len);
    if (*r != REPLY_MORE) return STREAM_OK;
    enum stream_status st = stream_fill(&s->stream, deadline);
    if (st != STREAM_OK) return st;
  }
}

static bool read_reply(struct smtp *s, const char *where) {
  enum reply_status r;
  enum stream_status st = read_octets(s, stream_deadline(&s->stream), &r);
  if (r == REPLY_DONE) return true;
  lose(s, st == STREAM_OK ? "4.5.0" : "4.4.2", reason(st), where);
  return false;
}

/* The verdict of the reply that was read last. */
static void judge(struct smtp *s) {
  verdict_of_reply(&s->verdict, &s->reply);
  verdict_who(&s->verdict, s->host, s->address);
}

/* A reply to a command before the data.  421 ends the session whatever was
 * asked (RFC 5321 3.8), and nothing has been handed over yet. */
static bool answered(struct smtp *s, const char *where) {
  if (!read_reply(s, where)) return false;
  if (s->reply.code != CODE_CLOSING) return true;
  judge(s);
  smtp_close(s);
  return false;
}

static bool positive(const struct smtp *s) { return s->reply.code / 100 == 2; }

/* ---- commands */

static void put(struct smtp *s, bool *ok, const char *ours) {
  *ok = *ok && stralloc_cats(&s->stream.out, ours);
}

static bool flush(struct smtp *s, const char *what) {
  enum stream_status st = stream_flush(&s->stream);
  if (st != STREAM_OK) lose(s, "4.4.2", reason(st), what);
  return st == STREAM_OK;
}

static bool no_memory(struct smtp *s) {
  verdict_set(&s->verdict, RESULT_DEFERRAL, "4.3.0", "out of memory");
  smtp_close(s);
  return false;
}

static bool command(struct smtp *s, const char *verb, struct text argument) {
  bool ok = true;
  put(s, &ok, verb);
  if (argument.s) put(s, &ok, " ");
  ok = ok && text_cat(&s->stream.out, argument) == 0;
  put(s, &ok, "\r\n");
  return ok ? flush(s, verb) && answered(s, verb) : no_memory(s);
}

/* ---- greeting */

/* No mail was asked for yet, so nothing is said about it: always a deferral,
 * and the next host is asked (RFC 5321 5.1). */
static bool turned_away(struct smtp *s) {
  judge(s);
  verdict_defer(&s->verdict, "4.3.2");
  smtp_close(s);
  return false;
}

static bool is_keyword(struct text line, const char *keyword) {
  struct text word = {line.s, strlen(keyword)};
  if (line.len < word.len || !text_equal_nocase(word, text_of(keyword))) return false;
  return line.len == word.len || line.s[word.len] == ' ' || line.s[word.len] == '=';
}

static void take_extensions(struct smtp *s) {
  struct text rest = text_of_stralloc(&s->reply.text), line;
  (void)reply_line(&rest, &line); /* the server's name */
  while (reply_line(&rest, &line)) {
    if (is_keyword(line, "PIPELINING")) s->pipelining = true; /* RFC 2920 */
    if (is_keyword(line, "SIZE")) s->size = true;             /* RFC 1870 */
    if (is_keyword(line, "8BITMIME")) s->eightbit = true;     /* RFC 6152 */
    if (is_keyword(line, "SMTPUTF8")) s->utf8 = true;         /* RFC 6531 */
  }
}

static void begin(struct smtp *s, int fd) {
  stream_open(&s->stream, fd);
  s->open = true;
  s->transactions = 0;
  s->pipelining = s->size = s->eightbit = s->utf8 = s->needs_reset = false;
}

bool smtp_hello(struct smtp *s, int fd, struct text helohost) {
  begin(s, fd);
  if (!read_reply(s, "the greeting")) return false;
  if (s->reply.code != CODE_READY) return turned_away(s);
  if (!command(s, "EHLO", helohost)) return false;
  if (positive(s)) return take_extensions(s), true;
  if (s->reply.code / 100 != 5) return turned_away(s);
  return command(s, "HELO", helohost) && (positive(s) || turned_away(s));
}

/* ---- transaction */

struct dialog {
  bool reset;
  size_t *waiting, waiting_count; /* owned */
  uint64_t size;                  /* for SIZE= */
  size_t asked, replied;          /* commands sent, and answered */
  bool mail_taken;
  size_t accepted;
};

static void report(const struct transaction *t, size_t n, const struct verdict *v) {
  t->states[n] = RECIPIENT_REPORTED;
  t->report(t->context, n, v);
}

void smtp_report_rest(const struct transaction *t, const struct verdict *v) {
  for (size_t n = 0; n < t->envelope->recipient_count; n++)
    if (t->states[n] != RECIPIENT_REPORTED) report(t, n, v);
}

static enum smtp_end refuse(const struct transaction *t, struct smtp *s, const char *status,
                            const char *text) {
  verdict_set(&s->verdict, RESULT_FAILURE, status, text);
  verdict_who(&s->verdict, s->host, s->address);
  smtp_report_rest(t, &s->verdict);
  return SMTP_DONE;
}

static bool is_ascii(struct text t) {
  for (size_t i = 0; i < t.len; i++)
    if ((unsigned char)t.s[i] > 127) return false;
  return true;
}

static bool needs_utf8(const struct transaction *t) {
  if (t->envelope->smtputf8 || !is_ascii(t->envelope->sender)) return true;
  for (size_t n = 0; n < t->envelope->recipient_count; n++)
    if (t->states[n] != RECIPIENT_REPORTED && !is_ascii(t->envelope->recipients[n].address))
      return true;
  return false;
}

static bool put_path(struct smtp *s, bool ok, struct text address) {
  put(s, &ok, "<");
  ok = ok && address_cat(&s->stream.out, address) == 0;
  put(s, &ok, ">");
  return ok;
}

/* A double bounce's sender is a mark that only the queue understands. */
static struct text reverse_path(const struct envelope *e) {
  return text_equals(e->sender, SENDER_DOUBLE_BOUNCE) ? text_of("") : e->sender;
}

static bool put_mail(struct smtp *s, const struct transaction *t, uint64_t size) {
  bool ok = true;
  put(s, &ok, "MAIL FROM:");
  ok = put_path(s, ok, reverse_path(t->envelope));
  if (s->size) {
    put(s, &ok, " SIZE=");
    ok = ok && text_cat_uint(&s->stream.out, size) == 0;
  }
  if (s->eightbit && t->envelope->body == BODY_8BITMIME) put(s, &ok, " BODY=8BITMIME");
  if (s->utf8 && needs_utf8(t)) put(s, &ok, " SMTPUTF8");
  put(s, &ok, "\r\n");
  return ok;
}

static bool put_rcpt(struct smtp *s, const struct transaction *t, size_t n) {
  bool ok = true;
  put(s, &ok, "RCPT TO:");
  ok = put_path(s, ok, t->envelope->recipients[n].address);
  put(s, &ok, "\r\n");
  return ok;
}

/* A transaction is a fixed row of commands: RSET if needed, MAIL, RCPT for each
 * recipient that waited when it began, DATA. */
enum verb { VERB_RSET, VERB_MAIL, VERB_RCPT, VERB_DATA };
struct step {
  enum verb verb;
  size_t recipient; /* of VERB_RCPT */
};

static struct step step_at(const struct dialog *d, size_t k) {
  if (d->reset && k-- == 0) return (struct step){VERB_RSET, 0};
  if (k == 0) return (struct step){VERB_MAIL, 0};
  if (k <= d->waiting_count) return (struct step){VERB_RCPT, d->waiting[k - 1]};
  return (struct step){VERB_DATA, 0};
}

static bool put_step(struct smtp *s, const struct transaction *t, struct step p, uint64_t size) {
  bool ok = true;
  switch (p.verb) {
    case VERB_RSET: put(s, &ok, "RSET\r\n"); break;
    case VERB_MAIL: ok = put_mail(s, t, size); break;
    case VERB_RCPT: ok = put_rcpt(s, t, p.recipient); break;
    case VERB_DATA: put(s, &ok, "DATA\r\n"); break;
  }
  return ok;
}

static const char *verb_name(enum verb v) {
  switch (v) {
    case VERB_RSET: return "RSET";
    case VERB_MAIL: return "MAIL";
    case VERB_RCPT: return "RCPT";
    case VERB_DATA: break;
  }
  return "DATA";
}

/* An answer that has no place here: what the server thinks is unknown. */
static bool confused(struct smtp *s) {
  judge(s);
  verdict_defer(&s->verdict, "4.5.0");
  smtp_close(s);
  return false;
}

static bool take_mail(struct smtp *s, const struct transaction *t, bool *mail_taken) {
  unsigned class = s->reply.code / 100;
  if (class == 3) return confused(s);
  *mail_taken = class == 2;
  s->needs_reset = *mail_taken;
  if (*mail_taken) return true;
  judge(s);
  smtp_report_rest(t, &s->verdict);
  return true;
}

/* 552 for a recipient after others were taken, without a code that says what is
 * full, is "too many recipients" (RFC 5321 4.5.3.1.10). */
static bool too_many(const struct smtp *s, size_t accepted) {
  char status[STATUS_MAX];
  return s->reply.code == CODE_TOO_MUCH && accepted > 0 && !reply_enhanced(&s->reply, status);
}

static bool take_rcpt(struct smtp *s, const struct transaction *t, size_t n, size_t *accepted) {
  if (s->reply.code / 100 == 3) return confused(s);
  if (positive(s)) {
    t->states[n] = RECIPIENT_ACCEPTED;
    ++*accepted;
    return true;
  }
  judge(s);
  if (too_many(s, *accepted)) verdict_defer(&s->verdict, "4.5.3");
  report(t, n, &s->verdict);
  return true;
}

/* ---- data */

static enum smtp_end finish(struct smtp *s, const struct transaction *t) {
  smtp_report_rest(t, &s->verdict);
  return SMTP_DONE;
}

/* The server hung up while the body went: it may have said why. */
static enum smtp_end cut_off(struct smtp *s, const struct transaction *t, enum stream_status st) {
  int limit_ms = s->stream.limit_ms, saved = errno;
  enum reply_status r = REPLY_MORE;
  if (limit_ms > LAST_WORDS_MS) s->stream.limit_ms = LAST_WORDS_MS;
  if (st != STREAM_ABANDONED) (void)read_octets(s, stream_deadline(&s->stream), &r);
  s->stream.limit_ms = limit_ms;
  errno = saved;
  if (r != REPLY_DONE || s->reply.code < 400 || s->reply.code == CODE_CLOSING) {
    lose(s, "4.4.2", reason(st), "the data");
    return SMTP_LOST;
  }
  judge(s);
  smtp_close(s);
  return finish(s, t);
}

static bool unreadable(struct smtp *s) {
  verdict_set(&s->verdict, RESULT_DEFERRAL, "4.3.0", "unable to read the message: ");
  verdict_add(&s->verdict, strerror(errno));
  smtp_close(s);
  return false;
}

/* A success from before the final dot answers something else: were it taken for
 * the message's, a refusal behind it would go unseen and the message be lost. */
static bool has_early_success(const struct smtp *s) {
  struct text unread = stream_unread(&s->stream);
  return unread.len && unread.s[0] == '2';
}

/* The final dot leaves in one write with the tail: by itself it would wait for
 * the acknowledgement of what went before. */
static bool send_body(struct smtp *s, const struct body *b, enum stream_status *st) {
  struct body_encoder e = {0};
  *st = STREAM_OK;
  for (uint64_t offset = 0; offset < b->size;) {
    struct text chunk;
    if (s->stream.out.len && (*st = stream_flush(&s->stream)) != STREAM_OK) return false;
    if (body_chunk(b, offset, &s->space, &chunk) == -1) return unreadable(s);
    if (body_encode(&e, chunk, &s->stream.out) == -1) return no_memory(s);
    offset += chunk.len;
  }
  if (has_early_success(s)) return lose(s, "4.5.0", "reply without a command", "the data"), false;
  if (body_encode_end(&e, &s->stream.out) == -1) return no_memory(s);
  *st = stream_flush(&s->stream);
  return *st == STREAM_OK;
}

static enum smtp_end send_data(struct smtp *s, const struct transaction *t) {
  enum reply_status r;
  enum stream_status st;
  if (!send_body(s, &t->body, &st)) return st == STREAM_OK ? SMTP_LOST : cut_off(s, t, st);
  st = read_octets(s, stream_deadline(&s->stream), &r);
  if (r != REPLY_DONE) {
    /* the one place where the server may have the message and we do not know */
    lose(s, "4.4.2", reason(st), "the end of the data: the message may have been delivered");
    return finish(s, t);
  }
  judge(s);
  s->needs_reset = false;
  if (s->reply.code / 100 == 3 || s->reply.code == CODE_CLOSING) smtp_close(s);
  return finish(s, t);
}

/* 354 although nobody is left to get the message (RFC 2920 3.1). */
static void send_nothing(struct smtp *s) {
  bool ok = true;
  put(s, &ok, ".\r\n");
  if (ok ? flush(s, "DATA") : no_memory(s)) (void)answered(s, "DATA");
}

static enum smtp_end take_data(struct smtp *s, const struct transaction *t, size_t accepted) {
  if (s->reply.code == CODE_START_DATA) {
    if (accepted) return send_data(s, t);
    send_nothing(s);
    return SMTP_DONE;
  }
  if (s->reply.code < 400) {
    confused(s);
    return SMTP_LOST;
  }
  judge(s);
  return finish(s, t);
}

/* ---- the dialog */

/* Asks the next question, or with PIPELINING all of them. */
static bool ask(struct smtp *s, const struct transaction *t, struct dialog *d) {
  for (;;) {
    struct step p = step_at(d, d->asked++);
    if (!put_step(s, t, p, d->size)) return no_memory(s);
    if (p.verb == VERB_DATA || !s->pipelining) return flush(s, verb_name(p.verb));
  }
}

static bool take_answer(struct smtp *s, const struct transaction *t, struct dialog *d,
                        struct step p) {
  switch (p.verb) {
    case VERB_RSET: return positive(s) || confused(s);
    case VERB_MAIL: return take_mail(s, t, &d->mail_taken);
    case VERB_RCPT: return !d->mail_taken || take_rcpt(s, t, p.recipient, &d->accepted);
    case VERB_DATA: break;
  }
  return true;
}

/* Whether asking is in vain because nobody is left. */
static bool is_over(const struct dialog *d, struct step p) {
  if (p.verb == VERB_RCPT) return !d->mail_taken;
  return p.verb == VERB_DATA && d->accepted == 0;
}

static enum smtp_end converse(struct smtp *s, const struct transaction *t, struct dialog *d) {
  for (;; d->replied++) {
    struct step p = step_at(d, d->replied);
    if (d->asked == d->replied) {
      if (is_over(d, p)) return SMTP_DONE;
      if (!ask(s, t, d)) return SMTP_LOST;
    }
    if (!answered(s, verb_name(p.verb))) return SMTP_LOST;
    if (p.verb == VERB_DATA) return take_data(s, t, d->accepted);
    if (!take_answer(s, t, d, p)) return SMTP_LOST;
  }
}

static bool list_waiting(const struct transaction *t, struct dialog *d) {
  d->waiting = calloc(t->envelope->recipient_count, sizeof *d->waiting);
  for (size_t n = 0; d->waiting && n < t->envelope->recipient_count; n++)
    if (t->states[n] == RECIPIENT_WAITS) d->waiting[d->waiting_count++] = n;
  return d->waiting != NULL;
}

/* What was accepted in a session that is lost has to be asked again.  True when
 * there is something to ask. */
static bool take_back(const struct transaction *t) {
  bool waits = false;
  for (size_t n = 0; n < t->envelope->recipient_count; n++) {
    if (t->states[n] == RECIPIENT_ACCEPTED) t->states[n] = RECIPIENT_WAITS;
    waits = waits || t->states[n] == RECIPIENT_WAITS;
  }
  return waits;
}

enum smtp_end smtp_send(struct smtp *s, const struct transaction *t) {
  struct dialog d = {.reset = s->needs_reset};
  /* a reply that answers nothing would be taken for the answer to a command */
  if (stream_unread(&s->stream).len)
    return lose(s, "4.5.0", "reply without a command", "MAIL"), SMTP_LOST;
  if (!s->utf8 && needs_utf8(t))
    return refuse(t, s, "5.6.7", "the server does not take internationalized mail (SMTPUTF8)");
  if (s->size && body_wire_size(&t->body, &s->space, &d.size) == -1)
    return unreadable(s), SMTP_LOST;
  if (!list_waiting(t, &d)) return no_memory(s), SMTP_LOST;
  s->transactions++;
  enum smtp_end end = converse(s, t, &d);
  free(d.waiting);
  return end == SMTP_LOST && take_back(t) ? SMTP_LOST : SMTP_DONE;
}

/* ---- end */

void smtp_close(struct smtp *s) {
  stream_close(&s->stream);
  s->open = false;
}

void smtp_quit(struct smtp *s, int limit_ms) {
  bool ok = s->open;
  if (s->stream.limit_ms > limit_ms) s->stream.limit_ms = limit_ms;
  s->stream.watched = -1; /* the runner needs not stay for this */
  if (ok) put(s, &ok, "QUIT\r\n");
  if (ok && flush(s, "QUIT")) (void)read_reply(s, "QUIT");
  smtp_close(s);
}

void smtp_free(struct smtp *s) {
  smtp_close(s);
  stream_free(&s->stream);
  reply_free(&s->reply);
  verdict_free(&s->verdict);
  stralloc_free(&s->space);
}
