#include "config.h"
#include "smtpd/doorkeeper/intake.h"
#include <errno.h>
#include <sys/random.h>
#include "lib/hex.h"
#include "lib/injectorreply.h"
#include "lib/iofd.h"
#include "smtpd/doorkeeper/early.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/request.h"
#include "smtpd/doorkeeper/trace.h"

static int put_trace(struct doorkeeper *k) {
  const struct envelope *e = &k->envelope;
  stralloc field = {0};
  int r = trace_cat(&field, k->client, e->helo, e->protocol, text_of_stralloc(&k->settings->me),
                    k->number, k->secure.facts, clock_wall_us(k->clock));
  /* the pipe is empty, and has room for it */
  if (r == 0) r = io_write_all(k->injector.message_fd, field.s, field.len, 0);
  stralloc_free(&field);
  return r;
}

/* The number is this session's alone, the digits nobody's. */
static struct text name_content(struct doorkeeper *k) {
  char octets[8];
  stralloc *t = &k->text;
  if (getrandom(octets, sizeof octets, 0) != sizeof octets || !stralloc_copys(t, "")) return TEXT_ABSENT;
  if (text_cat_uint(t, k->number) == -1 || !stralloc_cats(t, ".")) return TEXT_ABSENT;
  if (hex_cat(t, (struct text){octets, sizeof octets}) == -1 || !stralloc_cats(t, "@")) return TEXT_ABSENT;
  return stralloc_cat(t, &k->settings->me) ? text_of_stralloc(t) : TEXT_ABSENT;
}

static struct outcome start_injector(struct doorkeeper *k) {
  struct outcome o = outcome_grant(354, "2.0.0", "go ahead, end with CRLF.CRLF");
  if (injector_start_ready(&k->injector, &k->envelope, k->settings->inject_socket.s) == -1)
    return outcome_refuse(451, "4.3.0", "unable to start the queue's injector, please try later");
  k->state = k->state == DOORKEEPER_IDLE ? DOORKEEPER_EARLY : DOORKEEPER_DATA;
  /* an injector that is gone already tells by its exit code why */
  /* the talker waits for the pipe and for us: it must never wait in write() */
  if ((put_trace(k) == -1 && errno != EPIPE) || io_set_nonblocking(k->injector.message_fd) == -1) {
    (void)injector_abort(&k->injector);
    return outcome_refuse(451, "4.3.0", "unable to write to the queue's injector, please try later");
  }
  if (k->settings->is_submission) o.answer.message_id = name_content(k);
  o.fd = k->injector.message_fd;
  k->injector.message_fd = -1;
  return o;
}

struct outcome intake_begin(struct doorkeeper *k, const struct door_request *r) {
  struct door_request rest = *r;
  const char *early = early_protocol(r->envelope.protocol);
  if (early) rest.envelope.protocol = TEXT_ABSENT;
  if (!request_is_empty(&rest)) return outcome_malformed;
  if (early ? k->state != DOORKEEPER_IDLE : k->state != DOORKEEPER_GRANTED || k->recipients == 0)
    return outcome_not_now();
  if (early) doorkeeper_begin(k), early_open(k, early);
  else if (envelope_decode(&k->envelope, text_of_stralloc(&k->grant)) != ENVELOPE_OK)
    return doorkeeper_drop(k), outcome_no_memory();
  struct outcome o = start_injector(k);
  if (o.answer.result.class != RESULT_SUCCESS) {
    event_transaction(k, "message refused", 0, &o.answer.result);
    doorkeeper_drop(k);
  }
  return o;
}

/* "ok NUMBER qp PID": qmail has the time in seconds there */
static int name_message(struct doorkeeper *k, pid_t pid) {
  if (!stralloc_copys(&k->text, "ok ")) return -1;
  if (text_cat_uint(&k->text, k->number) == -1) return -1;
  if (!stralloc_cats(&k->text, " qp ")) return -1;
  return text_cat_uint(&k->text, (uint64_t)pid);
}

/* The injector's words must outlive it: they are moved to k->text. */
static struct outcome explain(struct doorkeeper *k, int code) {
  struct outcome o = {.fd = -1};
  (void)!stralloc_copy(&k->text, &k->injector.text);
  o.answer.result = injector_explain(code, text_of_stralloc(&k->text));
  return o;
}

static struct outcome finish(struct doorkeeper *k, uint64_t octets) {
  const struct settings *s = k->settings;
  if (s->databytes && octets > s->databytes) {
    (void)injector_abort(&k->injector);
    return outcome_refuse(552, "5.3.4", "that message is too large for this server");
  }
  if (k->state == DOORKEEPER_EARLY_GRANTED && early_close(k) == -1) {
    (void)injector_abort(&k->injector);
    return outcome_no_memory();
  }
  int code = injector_finish(&k->injector, &k->envelope);
  if (code != INJECTOR_OK) return explain(k, code);
  struct outcome o = outcome_grant(250, "2.0.0", "ok");
  if (name_message(k, k->injector.queued_by) == 0) o.answer.result.text = text_of_stralloc(&k->text);
  k->messages++;
  return o;
}

/* A filter may lose the number, and the queue then has one of its own. */
static const char *name_outcome(const struct doorkeeper *k, const struct result *r) {
  if (r->class != RESULT_SUCCESS) return "message refused";
  return k->injector.arrival_taken ? "message accepted" : "message accepted under another number";
}

struct outcome intake_complete(struct doorkeeper *k, const struct door_request *r) {
  struct door_request rest = *r;
  rest.octets = 0;
  if (!request_is_empty(&rest)) return outcome_malformed;
  bool granted = k->state == DOORKEEPER_EARLY_GRANTED && k->recipients;
  if (k->state != DOORKEEPER_DATA && !granted) return outcome_not_now();
  struct outcome o = finish(k, r->octets);
  event_transaction(k, name_outcome(k, &o.answer.result), r->octets, &o.answer.result);
  doorkeeper_drop(k);
  return o;
}

/* What the talker found in the data; other codes have a line before. */
static const char *meaning(struct text status) {
  if (text_equals(status, "5.3.4")) return " too large";
  if (text_equals(status, "5.4.6")) return " too many hops";
  return text_equals(status, "5.6.11") ? " CR or LF alone" : "";
}

static void log_drop(struct doorkeeper *k, struct text status, int code) {
  stralloc why = {0};
  if (status.len == 0) status = text_of("before its end");
  (void)(text_cat_cleaned(&why, status) == 0 && stralloc_cats(&why, meaning(status)) &&
         stralloc_cats(&why, ", injector's exit code ") &&
         text_cat_uint(&why, (uint64_t)code) == 0);
  event_dropped(k, text_of_stralloc(&why));
  stralloc_free(&why);
}

/* The injector's own reason, for a talker that could not write all of the
 * data; otherwise the talker knows better what to tell the client. */
struct outcome intake_drop(struct doorkeeper *k, struct text status) {
  int code = injector_abort(&k->injector);
  struct outcome o = explain(k, code);
  if (code == INJECTOR_OK || code == INJECTOR_READ_ERROR)
    o = outcome_refuse(451, "4.3.0", "the queue took only a part of the message");
  log_drop(k, status, code);
  return o;
}
