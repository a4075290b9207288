#include "config.h"
#include "smtpd/doorkeeper.h"
#include <errno.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "smtpd/policy.h"
#include "smtpd/trace.h"

enum { ANSWER_MS = 60000, HELO_MAX_OCTETS = 255 };

/* What a request led to: the answer, and the descriptor that goes with it. */
struct outcome {
  struct door_answer answer;
  int fd;         /* -1, or passed on and closed after the answer */
  bool malformed; /* end the session without an answer */
};

static struct outcome outcome(uint64_t class, uint64_t code, const char *status, const char *text) {
  struct outcome o = {.fd = -1};
  o.answer.result =
    (struct result){.class = class, .reply_code = code, .status = text_of(status), .text = text_of(text)};
  return o;
}

static struct outcome grant(uint64_t code, const char *status, const char *text) {
  return outcome(RESULT_SUCCESS, code, status, text);
}

static struct outcome refuse(uint64_t code, const char *status, const char *text) {
  return outcome(code < 500 ? RESULT_DEFERRAL : RESULT_FAILURE, code, status, text);
}

static struct outcome refuse_order(void) { return refuse(503, "5.5.1", "not now"); }

static struct outcome no_memory(void) {
  return refuse(451, "4.3.0", "out of memory, please try later");
}

static const struct outcome malformed = {.fd = -1, .malformed = true};

void doorkeeper_open(struct doorkeeper *k, const struct settings *s, const struct client *c,
                     const struct clock *clock, struct log *log) {
  *k = (struct doorkeeper){.settings = s, .client = c, .clock = clock, .log = log};
  question_open(&k->question, s->rcpt_socket.s);
}

static void drop(struct doorkeeper *k) {
  if (k->state == DOORKEEPER_DATA) injector_free(&k->injector);
  envelope_free(&k->envelope);
  stralloc_zero(&k->grant);
  k->recipients = 0;
  k->state = DOORKEEPER_IDLE;
}

static void begin_line(struct doorkeeper *k) {
  log_s(k->log, "owl-smtpd ");
  log_u(k->log, (uint64_t)getpid());
  log_s(k->log, ": ");
}

static void log_result(struct doorkeeper *k, const struct result *r) {
  log_s(k->log, ": ");
  log_u(k->log, r->reply_code);
  log_s(k->log, " ");
  log_t(k->log, r->status);
  log_s(k->log, " ");
  log_t(k->log, r->text);
  log_end(k->log);
}

static void log_refused(struct doorkeeper *k, const char *what, struct text address,
                        const struct result *r) {
  begin_line(k);
  log_s(k->log, what);
  log_s(k->log, " <");
  log_t(k->log, address);
  log_s(k->log, "> refused");
  log_result(k, r);
}

/* Whether a request has nothing but what its kind allows: the caller has
 * cleared that, and nothing may be left to encode. */
static bool is_empty(const struct door_request *rest) {
  stralloc left = {0};
  bool empty = door_put_request(&left, rest) == 0 && left.len == 0;
  stralloc_free(&left);
  return empty;
}

static bool mail_is_formed(const struct door_request *r) {
  struct door_request rest = *r;
  const struct envelope *e = &r->envelope;
  if (!e->sender.s || !e->helo.s || e->helo.len > HELO_MAX_OCTETS) return false;
  if (!text_equals(e->protocol, "SMTP") && !text_equals(e->protocol, "ESMTP")) return false;
  if (e->body > BODY_8BITMIME) return false;
  rest.octets = 0; /* the declared size */
  rest.envelope.sender = rest.envelope.helo = rest.envelope.protocol = TEXT_ABSENT;
  rest.envelope.body = 0;
  return is_empty(&rest);
}

static void take_client(struct envelope *e, const struct client *c) {
  if (c->address.len) e->client_address = text_of_stralloc(&c->address);
  if (c->name.len) e->client_name = text_of_stralloc(&c->name);
  e->client_port = c->port;
}

static struct outcome take_sender(struct doorkeeper *k, const struct door_request *r) {
  const struct settings *s = k->settings;
  struct envelope granted = r->envelope; /* has nothing else, and no control octets */
  if (k->state != DOORKEEPER_IDLE) return refuse_order();
  if (policy_refuses_sender(s, granted.sender, k->facts))
    return refuse(553, "5.7.1", "sorry, your envelope sender is in my list of refused senders");
  if (s->databytes && r->octets > s->databytes)
    return refuse(552, "5.3.4", "that message is too large for this server");
  take_client(&granted, k->client);
  if (envelope_encode(&k->grant, &granted) == -1) return drop(k), no_memory();
  k->state = DOORKEEPER_GRANTED;
  return grant(250, "2.1.0", "sender ok");
}

static struct outcome on_mail(struct doorkeeper *k, const struct door_request *r) {
  if (!mail_is_formed(r)) return malformed;
  struct outcome o = take_sender(k, r);
  if (o.answer.result.class != RESULT_SUCCESS)
    log_refused(k, "sender", r->envelope.sender, &o.answer.result);
  return o;
}

/* The question's answer: its texts go into k->text, for they are the
 * connection's. */
static struct outcome ask_delivery(struct doorkeeper *k, struct text address) {
  struct result r;
  int limit_ms = io_limit_ms(k->settings->timeoutrcpt_s);
  fact_say(k->facts, "question", "delivery is asked about ", address);
  if (question_ask(&k->question, address, limit_ms, &r) == -1) {
    /* sendmail -bs has no client and runs as its caller, whom the socket's
     * folder shuts out, and who could as well inject without a question */
    bool no_client = k->client->address.len == 0 && k->settings->relayclient.s;
    if (errno == EACCES && no_client) return grant(250, "2.1.5", "recipient ok");
    return refuse(451, "4.3.0", "unable to check that recipient now, please try later");
  }
  if (r.class == RESULT_SUCCESS) return grant(250, "2.1.5", "recipient ok");
  bool fails = r.class == RESULT_FAILURE;
  struct outcome o = fails ? refuse(550, "5.1.1", "sorry, no mailbox here by that name")
                           : refuse(451, "4.3.0", "that recipient cannot be taken now");
  if (r.reply_code / 100 == o.answer.result.reply_code / 100) o.answer.result.reply_code = r.reply_code;
  if (r.status.s) o.answer.result.status = r.status;
  if (r.text.len) o.answer.result.text = r.text;
  return o;
}

static struct outcome check_recipient(struct doorkeeper *k, struct text recipient) {
  const struct settings *s = k->settings;
  if (k->recipients >= s->maxrecipients)
    return refuse(452, "4.5.3", "too many recipients, send the others in another transaction");
  if (recipient.len == 0) return refuse(501, "5.1.3", "a recipient needs an address");
  if (policy_address(s, k->client, recipient, &k->address) == -1) return no_memory();
  struct text address = text_of_stralloc(&k->address);
  if (address.len > ENVELOPE_ADDRESS_MAX) return refuse(501, "5.1.3", "that address is too long");
  if (!policy_may_relay(s, address, k->facts))
    return refuse(553, "5.7.1", "sorry, that domain isn't in my list of allowed rcpthosts");
  if (route_find(&s->routes, address, &k->route) == -1)
    return refuse(451, "4.3.5", "the route of that recipient is not configured properly");
  if (route_leads_nowhere(&k->route))
    return refuse(550, "5.1.2", "that address has no host that mail could be sent to");
  if (k->route.channel == CHANNEL_LOCAL) return ask_delivery(k, text_of_stralloc(&k->route.address));
  return grant(250, "2.1.5", "recipient ok");
}

static struct outcome take_recipient(struct doorkeeper *k, struct text recipient) {
  struct outcome o = check_recipient(k, recipient);
  if (o.answer.result.class != RESULT_SUCCESS) return o;
  struct envelope_recipient granted = {.address = text_of_stralloc(&k->address)};
  size_t before = k->grant.len;
  if (envelope_put_recipient(&k->grant, &granted) == -1) {
    k->grant.len = before;
    return no_memory();
  }
  k->recipients++;
  return o;
}

static struct outcome on_rcpt(struct doorkeeper *k, const struct door_request *r) {
  struct door_request rest = *r;
  if (r->envelope.recipient_count != 1) return malformed;
  const struct envelope_recipient *recipient = &r->envelope.recipients[0];
  rest.envelope.recipient_count = 0;
  if (!is_empty(&rest) || recipient->orcpt.s || recipient->notify || recipient->index) return malformed;
  if (k->state != DOORKEEPER_GRANTED) return refuse_order();
  struct outcome o = take_recipient(k, recipient->address);
  if (o.answer.result.class != RESULT_SUCCESS)
    log_refused(k, "recipient", recipient->address, &o.answer.result);
  return o;
}

static int put_trace(struct doorkeeper *k) {
  const struct envelope *e = &k->envelope;
  stralloc field = {0};
  int r = trace_cat(&field, k->client, e->helo, e->protocol, text_of_stralloc(&k->settings->me),
                    clock_wall_us(k->clock));
  /* the pipe is empty, and has room for it */
  if (r == 0) r = io_write_all(k->injector.message_fd, field.s, field.len, 0);
  stralloc_free(&field);
  return r;
}

static struct outcome start_injector(struct doorkeeper *k) {
  struct outcome o = grant(354, "2.0.0", "go ahead, end with CRLF.CRLF");
  if (envelope_decode(&k->envelope, text_of_stralloc(&k->grant)) != ENVELOPE_OK) return no_memory();
  if (injector_start(&k->injector, &k->envelope) == -1)
    return refuse(451, "4.3.0", "unable to start the queue's injector, please try later");
  k->state = DOORKEEPER_DATA;
  /* an injector that is gone already tells by its exit code why */
  /* the talker waits for the pipe and for us: it must never wait in write() */
  if ((put_trace(k) == -1 && errno != EPIPE) || io_set_nonblocking(k->injector.message_fd) == -1) {
    (void)injector_abort(&k->injector);
    return refuse(451, "4.3.0", "unable to write to the queue's injector, please try later");
  }
  o.fd = k->injector.message_fd;
  k->injector.message_fd = -1;
  return o;
}

static struct outcome on_data(struct doorkeeper *k, const struct door_request *r) {
  if (!is_empty(r)) return malformed;
  if (k->state != DOORKEEPER_GRANTED || k->recipients == 0) return refuse_order();
  struct outcome o = start_injector(k);
  if (o.answer.result.class != RESULT_SUCCESS) {
    log_refused(k, "data from", k->envelope.sender, &o.answer.result);
    drop(k);
  }
  return o;
}

/* "ok TIME qp PID", as qmail says it */
static int name_message(struct doorkeeper *k, pid_t pid) {
  if (!stralloc_copys(&k->text, "ok ")) return -1;
  if (text_cat_uint(&k->text, clock_wall_us(k->clock) / 1000000) == -1) return -1;
  if (!stralloc_cats(&k->text, " qp ")) return -1;
  return text_cat_uint(&k->text, (uint64_t)pid);
}

static void log_message(struct doorkeeper *k, uint64_t octets, const struct result *r) {
  begin_line(k);
  log_s(k->log, r->class == RESULT_SUCCESS ? "message accepted, octets " : "message refused, octets ");
  log_u(k->log, octets);
  log_s(k->log, ", recipients ");
  log_u(k->log, k->recipients);
  log_s(k->log, ", from <");
  log_t(k->log, k->envelope.sender);
  log_s(k->log, ">");
  log_result(k, r);
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
  pid_t pid = k->injector.pid;
  if (s->databytes && octets > s->databytes) {
    (void)injector_abort(&k->injector);
    return refuse(552, "5.3.4", "that message is too large for this server");
  }
  int code = injector_finish(&k->injector, &k->envelope);
  if (code != INJECTOR_OK) return explain(k, code);
  struct outcome o = grant(250, "2.0.0", "ok");
  if (name_message(k, pid) == 0) o.answer.result.text = text_of_stralloc(&k->text);
  k->messages++;
  return o;
}

static struct outcome on_complete(struct doorkeeper *k, const struct door_request *r) {
  struct door_request rest = *r;
  rest.octets = 0;
  if (!is_empty(&rest)) return malformed;
  if (k->state != DOORKEEPER_DATA) return refuse_order();
  struct outcome o = finish(k, r->octets);
  log_message(k, r->octets, &o.answer.result);
  drop(k);
  return o;
}

/* The injector's own reason, for a talker that could not write all of the
 * data; otherwise the talker knows better what to tell the client. */
static struct outcome abort_data(struct doorkeeper *k, struct text status) {
  int code = injector_abort(&k->injector);
  struct outcome o = explain(k, code);
  if (code == INJECTOR_OK || code == INJECTOR_READ_ERROR)
    o = refuse(451, "4.3.0", "the queue took only a part of the message");
  begin_line(k);
  log_s(k->log, "message dropped, reason ");
  log_t(k->log, status);
  log_s(k->log, ", injector's exit code ");
  log_u(k->log, (uint64_t)code);
  log_s(k->log, ", from <");
  log_t(k->log, k->envelope.sender);
  log_s(k->log, ">");
  log_end(k->log);
  return o;
}

static struct outcome on_abort(struct doorkeeper *k, const struct door_request *r) {
  struct door_request rest = *r;
  struct outcome o = grant(250, "2.0.0", "dropped");
  rest.status = TEXT_ABSENT;
  if (!is_empty(&rest)) return malformed;
  if (k->state == DOORKEEPER_DATA) o = abort_data(k, r->status);
  drop(k);
  return o;
}

static struct outcome serve_request(struct doorkeeper *k, const struct frame *f) {
  struct door_request r;
  struct outcome o = malformed;
  if (f->fd >= 0 || door_read_request(&r, f->payload) == -1) return malformed;
  switch (f->type) {
    case DOOR_MAIL: o = on_mail(k, &r); break;
    case DOOR_RCPT: o = on_rcpt(k, &r); break;
    case DOOR_DATA: o = on_data(k, &r); break;
    case DOOR_COMPLETE: o = on_complete(k, &r); break;
    case DOOR_ABORT: o = on_abort(k, &r); break;
    case DOOR_TLS: o = refuse(502, "5.5.1", "STARTTLS is not available here"); break;
    case DOOR_AUTH: o = refuse(503, "5.5.1", "AUTH is not available here"); break;
  }
  envelope_free(&r.envelope);
  return o;
}

static int send_answer(int door, const struct outcome *o) {
  stralloc payload = {0};
  int sent = door_put_answer(&payload, &o->answer);
  if (sent == 0)
    sent = frame_send(door, &door_protocol, DOOR_ANSWER, text_of_stralloc(&payload), o->fd, ANSWER_MS);
  int saved = errno;
  if (o->fd >= 0) close(o->fd);
  stralloc_free(&payload);
  errno = saved;
  return sent;
}

static enum doorkeeper_end serve_frame(struct doorkeeper *k, int door, const struct frame *f) {
  struct outcome o = serve_request(k, f);
  if (f->fd >= 0) close(f->fd);
  if (o.malformed) return DOORKEEPER_MALFORMED;
  return send_answer(door, &o) == 0 ? DOORKEEPER_TALKER_LEFT : DOORKEEPER_FAILED;
}

enum doorkeeper_end doorkeeper_serve(struct doorkeeper *k, int door) {
  struct frame_reader reader = {.protocol = &door_protocol};
  enum doorkeeper_end end = DOORKEEPER_TALKER_LEFT;
  enum frame_status s;
  struct frame f;
  while ((s = frame_receive(&reader, door, &f, IO_FOREVER)) == FRAME_READY)
    if ((end = serve_frame(k, door, &f)) != DOORKEEPER_TALKER_LEFT) break;
  if (s == FRAME_MALFORMED) end = DOORKEEPER_MALFORMED;
  if (s == FRAME_ERROR) end = DOORKEEPER_FAILED;
  frame_reader_free(&reader);
  return end;
}

void doorkeeper_close(struct doorkeeper *k) {
  if (k->state == DOORKEEPER_DATA) (void)abort_data(k, text_of("session ended"));
  drop(k);
  question_close(&k->question);
  route_free(&k->route);
  stralloc_free(&k->grant);
  stralloc_free(&k->text);
  stralloc_free(&k->address);
}
