#include "config.h"
#include "smtpd/doorkeeper/doorkeeper.h"
#include <errno.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "smtpd/doorkeeper/admit.h"
#include "smtpd/doorkeeper/authenticate.h"
#include "smtpd/doorkeeper/etrn.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/identify.h"
#include "smtpd/doorkeeper/intake.h"
#include "smtpd/doorkeeper/limits.h"
#include "smtpd/doorkeeper/request.h"
#include "smtpd/doorkeeper/secure.h"

enum { DOOR_STEP_OCTETS = 512, ANSWER_MS = 60000 };

void doorkeeper_open(struct doorkeeper *k, const struct settings *s, const struct client *c,
                     const struct clock *clock, struct log *log) {
  *k = (struct doorkeeper){.settings = s, .client = c, .clock = clock, .log = log, .pid = getpid(), .program = "owl-smtpd"};
  k->secure.door = -1;
  k->secure.server = (struct ucspitls){.control = -1, .in = -1, .out = -1};
  authenticate_forget();
  k->session_us = clock_wall_us(clock);
  k->opened_us = clock_boot_us(clock);
  question_open(&k->question, s->rcpt_socket.s);
  question_open(&k->nexthop, s->nexthop_socket.s);
}

void doorkeeper_begin(struct doorkeeper *k) {
  uint64_t now_us = clock_wall_us(k->clock);
  k->number = now_us == k->last_number ? now_us + 1 : now_us;
  k->last_number = k->number;
  k->began_us = clock_boot_us(k->clock);
}

void doorkeeper_drop(struct doorkeeper *k) {
  if (k->state >= DOORKEEPER_DATA) injector_free(&k->injector);
  envelope_free(&k->envelope);
  stralloc_zero(&k->grant);
  k->recipients = k->refused = k->number = 0;
  k->smtputf8 = false;
  k->state = DOORKEEPER_IDLE;
}

static struct outcome on_abort(struct doorkeeper *k, const struct door_request *r) {
  struct door_request rest = *r;
  struct outcome o = outcome_grant(250, "2.0.0", "dropped");
  rest.status = TEXT_ABSENT;
  if (!request_is_empty(&rest)) return outcome_malformed;
  if (k->state >= DOORKEEPER_DATA) o = intake_drop(k, r->status);
  if (k->state == DOORKEEPER_GRANTED) event_dropped(k, text_of("before its data"));
  doorkeeper_drop(k);
  return o;
}

static struct outcome serve_request(struct doorkeeper *k, const struct frame *f) {
  struct door_request r;
  struct outcome o = outcome_malformed;
  if (k->sent_away || secure_is_granted(k) || f->fd >= 0 || door_read_request(&r, f->payload) == -1) return outcome_malformed;
  if (!limits_count(k, f->type, &o) || !secure_allows(k, f->type, &o)) return envelope_free(&r.envelope), o;
  switch (f->type) {
    case DOOR_MAIL: o = admit_sender(k, &r); break;
    case DOOR_RCPT: o = admit_recipient(k, &r); break;
    case DOOR_DATA: o = intake_begin(k, &r); break;
    case DOOR_COMPLETE: o = intake_complete(k, &r); break;
    case DOOR_ABORT: o = on_abort(k, &r); break;
    case DOOR_PROXY: o = identify_proxied(k, &r); break;
    case DOOR_XCLIENT: o = identify_xclient(k, &r); break;
    case DOOR_ETRN: o = etrn_start(k, &r); break;
    case DOOR_TLS: o = secure_grant(k, &r); break;
    case DOOR_AUTH: o = authenticate(k, &r); break;
  }
  envelope_free(&r.envelope);
  k->asked = true;
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

static bool is_drained(const struct doorkeeper *k) { return k->drains && k->state == DOORKEEPER_IDLE; }

enum doorkeeper_end doorkeeper_serve(struct doorkeeper *k, int door) {
  struct frame_reader reader = {.protocol = &door_protocol, .step_octets = DOOR_STEP_OCTETS};
  enum doorkeeper_end end = DOORKEEPER_TALKER_LEFT;
  enum frame_status s;
  struct frame f;
  while ((s = frame_receive(&reader, door, &f, IO_FOREVER)) == FRAME_READY)
    if ((end = serve_frame(k, door, &f)) != DOORKEEPER_TALKER_LEFT || is_drained(k)) break;
  if (s == FRAME_MALFORMED) end = DOORKEEPER_MALFORMED;
  if (s == FRAME_ERROR) end = DOORKEEPER_FAILED;
  frame_reader_free(&reader);
  return end;
}

void doorkeeper_close(struct doorkeeper *k) {
  if (k->state >= DOORKEEPER_DATA) (void)intake_drop(k, text_of("session ended"));
  if (k->state == DOORKEEPER_GRANTED) event_dropped(k, text_of("session ended before its data"));
  doorkeeper_drop(k);
  question_close(&k->question);
  question_close(&k->nexthop);
  secure_close(k);
  saslguard_free(&k->guard);
  client_free(&k->named);
  route_free(&k->route);
  stralloc_free(&k->grant);
  stralloc_free(&k->text);
  stralloc_free(&k->address);
}

