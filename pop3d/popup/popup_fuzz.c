/* Octets from a client who has not logged in, through the line reader and every
 * command.  The first octet says what the connection is like. */
#include "config.h"
#include <errno.h>
#include <string.h>
#include "lib/fuzz.h"
#include "lib/line.h"
#include "pop3d/popup/command.h"

struct world {
  bool has_offer, has_stamp, has_logged_in;
};

static bool has_challenge(const struct logindoor_request *r) {
  return r->attributes.s || (text_equals(r->mechanism, "CRAM-MD5") && !r->secret.s);
}

/* A user's first letter steers: n: refused, l: later, e: and hung up on, g: the doorkeeper is gone. */
static int judge(struct world *w, const struct logindoor_request *r, struct logindoor_answer *a) {
  char c = r->user.len ? r->user.s[0] : 0;
  if (c == 'g') return errno = ESHUTDOWN, -1;
  if (c == 'n' || c == 'e') a->result.class = RESULT_FAILURE;
  if (c == 'l') a->result.class = RESULT_DEFERRAL;
  a->ends_session = c == 'e';
  if (a->result.class == RESULT_SUCCESS && has_challenge(r)) a->challenge = text_of("challenge");
  if (a->result.class == RESULT_SUCCESS && !r->binding.s) w->has_logged_in = true;
  return 0;
}

/* What is asked has the form that the doorkeeper wants, and nothing is opened for
 * who was not asked about. */
static int ask(void *context, enum logindoor_frame what, const struct logindoor_request *r, struct logindoor_answer *a) {
  struct world *w = context;
  stralloc payload = {0};
  struct logindoor_request decoded;
  check(logindoor_put_request(&payload, r) == 0 && payload.len <= LOGINDOOR_FRAME_MAX);
  check(logindoor_read_request(&decoded, what, text_of_stralloc(&payload)) == 0);
  stralloc_free(&payload);
  *a = (struct logindoor_answer){.result = {.class = RESULT_SUCCESS, .text = text_of("ok")}};
  if (what == LOGINDOOR_OFFER) {
    if (!w->has_offer) a->result.class = RESULT_DEFERRAL;
    else a->offered = text_of("EXTERNAL SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN");
    if (w->has_stamp) a->challenge = text_of("<1@me>");
  } else if (what == LOGINDOOR_OPEN) {
    check(w->has_logged_in);
    if (r->utf8 && r->language.s) a->result.class = RESULT_DEFERRAL, w->has_logged_in = false;
  } else if (what != LOGINDOOR_TLS)
    return judge(w, r, a);
  return 0;
}

static enum popup_next take(struct popup *p, struct line_reader *reader, stralloc *line) {
  switch (line_read(reader, line, p->in_auth ? POPUP_AUTH_LINE_MAX : POPUP_LINE_MAX)) {
    case LINE_OK: return p->in_auth ? popup_respond(p, text_of_stralloc(line)) : popup_run(p, text_of_stralloc(line));
    case LINE_TOO_LONG: case LINE_BARE_CR: return popup_refuse(p, "that line is no line");
    default: return POPUP_QUIT;
  }
}

/* Every reply is whole lines, and has no line that only the client wrote. */
static void check_replies(const stralloc *out) {
  if (out->len == 0) return;
  check(out->len >= 2 && memcmp(out->s + out->len - 2, "\r\n", 2) == 0);
  check(out->s[0] == '+' || out->s[0] == '-');
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  static struct line_reader reader; /* large */
  struct text input = fuzz_input(octets, size);
  unsigned choice = fuzz_choice(&input);
  struct world w = {.has_offer = !(choice & 1), .has_stamp = choice & 2};
  stralloc out = {0}, line = {0};
  struct popup p = {.ask = ask, .context = &w, .out = &out, .me = "me.example", .offers_tls = choice & 4, .is_secured = choice & 8,
                    .may_log_in = !(choice & 16)};
  reader.source = fuzz_give;
  reader.context = &input;
  reader.at = reader.end = 0;
  enum popup_next next = popup_greet(&p);
  while (next == POPUP_LINE || next == POPUP_RESPONSE) {
    check_replies(&out);
    check((next == POPUP_RESPONSE) == p.in_auth);
    stralloc_zero(&out);
    next = take(&p, &reader, &line);
  }
  check(next != POPUP_OPENED || (w.has_logged_in && p.may_log_in));
  popup_free(&p);
  stralloc_free(&out);
  stralloc_free(&line);
  return 0;
}
