/* Octets from a client, through the line reader and every command.  Of messages
 * nothing is read. */
#include "config.h"
#include <string.h>
#include "lib/fuzz.h"
#include "lib/line.h"
#include "lib/terms.h"
#include "smtpd/doorkeeper/request.h"
#include "smtpd/talker/command.h"

static char initial(enum door_frame what, const struct door_request *r) {
  if (what == DOOR_XCLIENT) return (char)r->envelope.client_port;
  if (what == DOOR_AUTH) return r->envelope.auth_user.len ? r->envelope.auth_user.s[0] : 0;
  struct text address = what == DOOR_RCPT ? r->envelope.recipients[0].address : r->envelope.sender;
  return address.len ? address.s[0] : 0;
}

/* Every mechanism, two steps where it has two; a user's first letter steers, too. */
static struct text challenge_of(const struct door_request *r) {
  if (!r->mechanism.s) return text_of(" EXTERNAL SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN");
  bool answers = r->attributes.s || (text_equals(r->mechanism, "CRAM-MD5") && !r->secret.s);
  return answers ? text_of("challenge") : TEXT_ABSENT;
}

/* Addresses steer: "no@" is refused, "end@" ends the session, at "gone@" the
 * doorkeeper is gone.  So do the ports of a client that is named. */
static int steer(char c, enum door_frame what, struct text challenge, struct door_answer *a, int *fd) {
  static int file = -1;
  *a = (struct door_answer){.result = {.class = c == 'n' ? RESULT_FAILURE : RESULT_SUCCESS}};
  a->ends_session = c == 'e';
  if (what == DOOR_AUTH) a->challenge = challenge;
  *fd = what == DOOR_DATA ? dup(fuzz_file(&file)) : -1;
  return c == 'g' ? -1 : 0;
}

/* Grants what has the form that the doorkeeper asks for; anything else is a
 * fault of the talker's. */
static int ask(void *context, enum door_frame what, const struct door_request *r,
               struct door_answer *a, int *fd) {
  stralloc payload = {0};
  struct door_request decoded;
  bool *smtputf8 = context;
  if (door_put_request(&payload, r) == -1 || payload.len > DOOR_FRAME_MAX) abort();
  if (door_read_request(&decoded, text_of_stralloc(&payload)) == -1) abort();
  if (what == DOOR_MAIL && !request_is_mail(&decoded)) abort();
  if (what == DOOR_MAIL) *smtputf8 = decoded.envelope.smtputf8;
  if (what == DOOR_RCPT && !request_is_rcpt(&decoded)) abort();
  if (what == DOOR_RCPT && !terms_address_is_valid(decoded.envelope.recipients[0].address, *smtputf8))
    abort();
  envelope_free(&decoded.envelope);
  stralloc_free(&payload);
  return steer(initial(what, r), what, challenge_of(r), a, fd);
}

static void check_reply(const struct reply *r) {
  stralloc out = {0};
  if (r->code < 200 || r->code > 599 || reply_cat(&out, r) == -1) abort();
  for (size_t at = 0; at < out.len;) {
    const char *lf = memchr(out.s + at, '\n', out.len - at);
    size_t len = lf ? (size_t)(lf - out.s) + 1 - at : 0;
    if (len < 5 || len > REPLY_LINE_MAX || memchr(out.s + at, '\r', len - 2)) abort();
    at += len;
  }
  stralloc_free(&out);
}

/* As if the message, or its chunk, had come. */
static enum reply_next pass_over(struct session *s, const struct reply *r) {
  bool more = r->next == NEXT_CHUNK && !s->bdat.last && r->code == 250;
  s->bdat.left = 0;
  if (more) s->bdat.state = BDAT_TAKING;
  else {
    command_close_data(s);
    command_end_transaction(s, r->code < 400);
  }
  return NEXT_COMMAND;
}

static size_t max_of(const struct session *s) { return s->auth.is_under_way ? AUTH_LINE_MAX : COMMAND_LINE_MAX; }

static struct reply run(struct session *s, struct text line) {
  bool in_auth = s->auth.is_under_way, was_in = s->auth.is_done;
  if (line.len + 2 > max_of(s)) abort();
  struct reply r = in_auth ? command_continue(s, line) : command_run(s, line);
  if ((r.code == 334) != s->auth.is_under_way || (r.code == 235) != (s->auth.is_done && !was_in)) abort();
  return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  static struct line_reader reader;
  struct text input = fuzz_input(octets, size);
  bool smtputf8 = false;
  struct session s = {.ask = ask, .context = &smtputf8, .me = "mx", .greeting = "mx", .databytes = 1000,
                      .maxrecipients = 2, .maxerrors = 1000, .may_xclient = true, .auth = {.is_possible = true}};
  struct reply r = {.next = NEXT_COMMAND};
  stralloc line = {0};
  enum line_status status;
  reader.source = fuzz_give;
  reader.context = &input;
  reader.at = reader.end = 0;
  while (r.next == NEXT_COMMAND &&
         ((status = line_read(&reader, &line, max_of(&s))) == LINE_OK ||
          status == LINE_TOO_LONG || status == LINE_BARE_CR)) {
    r = status == LINE_OK ? run(&s, text_of_stralloc(&line)) : command_overflow(&s, reply_say(500, "5.5.2", "x"));
    check_reply(&r);
    if (r.next == NEXT_DATA || r.next == NEXT_CHUNK) r.next = pass_over(&s, &r);
  }
  stralloc_free(&line);
  command_close_data(&s);
  session_free(&s);
  return 0;
}
