#include "config.h"
#include "pop3d/popup/talker.h"
#include <errno.h>
#include "lib/stack.h"
#include "pop3d/popup/command.h"

struct talker {
  struct login_talk *talk;
  struct popup popup;
  struct line_reader *reader;
  stralloc line;
  uint64_t commands;
};

static int ask(void *channel, enum logindoor_frame what, const struct logindoor_request *request,
               struct logindoor_answer *answer) {
  return login_ask(channel, what, request, answer);
}

/* One line, and what comes of it. */
static enum popup_next converse(struct talker *t) {
  struct popup *p = &t->popup;
  size_t max = p->in_auth ? POPUP_AUTH_LINE_MAX : POPUP_LINE_MAX;
  switch (login_line(&t->talk->channel, t->reader, &t->line, max)) {
    case LINE_OK:
      t->commands++;
      return p->in_auth ? popup_respond(p, text_of_stralloc(&t->line)) : popup_run(p, text_of_stralloc(&t->line));
    case LINE_TOO_LONG: t->commands++; return popup_refuse(p, "that line is too long");
    case LINE_BARE_CR: t->commands++; return popup_refuse(p, "a CR alone in a line");
    case LINE_BARE_LF: return popup_refuse(p, "only CRLF ends a line, closing") == POPUP_LOST ? POPUP_LOST : POPUP_HANG_UP;
    case LINE_EOF: return errno = ECONNRESET, POPUP_LOST;
    case LINE_ERROR: break;
  }
  return POPUP_LOST;
}

static bool goes_on(enum popup_next next) { return next == POPUP_LINE || next == POPUP_RESPONSE; }

static enum login_end part(struct talker *t, const char *last_words, enum login_end end) {
  if (last_words && !stralloc_cats(&t->talk->channel.output, last_words)) return LOGIN_NO_MEMORY;
  login_part(&t->talk->channel);
  return end;
}

static enum login_end give_up(struct talker *t, int error) {
  switch (login_end_of(error)) {
    case LOGIN_TIMEOUT: return part(t, "-ERR [SYS/TEMP] timeout, closing\r\n", LOGIN_TIMEOUT);
    case LOGIN_SHUTDOWN: return part(t, "-ERR [SYS/TEMP] the server is shutting down, closing\r\n", LOGIN_SHUTDOWN);
    case LOGIN_NO_MEMORY: return part(t, "-ERR [SYS/TEMP] out of memory, closing\r\n", LOGIN_NO_MEMORY);
    default: return LOGIN_CLIENT_LEFT;
  }
}

/* RFC 2595 4: what is here before the reply goes out came without TLS, and must not be
 * taken for what comes with it.  Octets that come later meet the handshake. */
static enum login_end begin_tls(struct talker *t) {
  if (login_speaks(&t->talk->channel)) {
    stralloc_zero(&t->talk->channel.output);
    return part(t, "-ERR nothing goes behind STLS, closing\r\n", LOGIN_INJECTED);
  }
  return login_flush(&t->talk->channel) == 0 ? LOGIN_TLS : give_up(t, errno);
}

static enum login_end finish(struct talker *t, enum popup_next next) {
  switch (next) {
    case POPUP_TLS: return begin_tls(t);
    case POPUP_OPENED: return LOGIN_OPENED;
    case POPUP_QUIT: return login_flush(&t->talk->channel) == 0 ? LOGIN_QUIT : give_up(t, errno);
    case POPUP_HANG_UP: return part(t, NULL, LOGIN_HUNG_UP);
    case POPUP_LINE: case POPUP_RESPONSE:
      return part(t, "-ERR too many commands before the log-in, closing\r\n", LOGIN_HUNG_UP);
    case POPUP_LOST: break;
  }
  return give_up(t, errno);
}

static struct popup describe(struct login_talk *t) {
  return (struct popup){.ask = ask, .context = &t->channel, .out = &t->channel.output, .me = t->me,
                        .login_delay_s = t->pop3_login_delay_s,
                        .offers_tls = t->offers_tls, .is_secured = t->is_secured, .may_log_in = t->may_log_in};
}

enum login_end talker_run(struct login_talk *talk) {
  static struct line_reader reader; /* large */
  struct talker t = {.talk = talk, .popup = describe(talk), .reader = &reader};
  uint64_t most = talk->maxcommands ? talk->maxcommands : UINT64_MAX;
  reader = (struct line_reader){.source = login_read, .context = &talk->channel};
  enum popup_next next = talk->goes_on ? POPUP_LINE : popup_greet(&t.popup);
  while (goes_on(next) && t.commands < most) {
    stack_forget();
    next = converse(&t);
  }
  enum login_end end = finish(&t, next);
  popup_free(&t.popup);
  text_wipe(&t.line);
  return end;
}
