#include "config.h"
#include "smtpd/talker/talker.h"
#include <errno.h>
#include <stdio.h>
#include "lib/stack.h"
#include "smtpd/talker/foreign.h"
#include "smtpd/talker/opening.h"

enum { OUTPUT_MAX_OCTETS = 8192 }; /* of replies held back */

static void count_error(struct tally *y, const struct reply *r) {
  y->errors++;
  snprintf(y->last_error, sizeof y->last_error, "%u %.*s", r->code, (int)r->status.len, r->status.s ? r->status.s : "");
}

static int put(struct talker *t, const struct reply *r) {
  if (t->channel.tally && r->code >= 400) count_error(t->channel.tally, r);
  if (reply_cat(&t->channel.output, r) == -1) return errno = ENOMEM, -1;
  return t->channel.output.len > OUTPUT_MAX_OCTETS ? channel_flush(&t->channel) : 0;
}

static struct reply hang_up_for(struct talker *t, enum talker_end why, const char *text) {
  t->hung_up = why;
  (void)command_drop_transaction(&t->session);
  return reply_hang_up(503, "5.5.1", text);
}

/* Whether octets are here; their end does not count. */
static bool has_octets(struct talker *t) {
  if (t->reader.at < t->reader.end) return true;
  return t->reader.source == channel_read && channel_speaks(&t->channel) && line_fill(&t->reader) > 0;
}

/* A message that does not wait for 354 would be run as commands wherever DATA
 * is refused: RFC 2920 3.1.  What is here before 354 goes out has not waited.
 * A program that writes a whole dialog into a pipe means it so. */
static bool comes_too_early(struct talker *t, const struct reply *r) {
  bool is_socket = t->channel.in == t->channel.out || t->session.is_secured;
  return r->next == NEXT_DATA && is_socket && has_octets(t);
}

/* What is here before 220 goes out came without TLS, and must not be taken for
 * what comes with it: RFC 3207 4.2.  Octets that come later meet the handshake. */
static bool is_injected(struct talker *t, const struct reply *r) { return r->next == NEXT_TLS && has_octets(t); }

static struct reply run(struct talker *t, struct text line) {
  if (foreign_is_http(line))
    return hang_up_for(t, TALKER_FOREIGN, "this is SMTP and no HTTP, closing");
  bool was_greeted = t->session.greeted;
  struct reply r = command_run(&t->session, line);
  if (!was_greeted && t->session.greeted) stack_forget(); /* after this many a client is silent for long */
  if (comes_too_early(t, &r))
    return hang_up_for(t, TALKER_TOO_EARLY, "a message waits for 354, closing");
  if (is_injected(t, &r)) return hang_up_for(t, TALKER_INJECTED, "nothing goes behind STARTTLS, closing");
  return r;
}

static int receive(struct talker *t, struct reply *r, int transfer(struct talker *, struct reply *)) {
  pace_begin(&t->channel.pace);
  int received = transfer(t, r);
  pace_end(&t->channel.pace);
  return received;
}

/* What was held back goes first. */
static int let_wait(struct talker *t) {
  uint64_t time_ms = t->session.pause_ms;
  t->session.pause_ms = 0;
  return channel_flush(&t->channel) == -1 ? -1 : channel_pause(&t->channel, time_ms, false);
}

/* One line from the client to its reply. */
static int converse(struct talker *t, struct reply *r) {
  bool ends_group = true;
  channel_begin_command(&t->channel);
  bool in_auth = t->session.auth.is_under_way;
  enum line_status status = line_read(&t->reader, &t->line, in_auth ? AUTH_LINE_MAX : COMMAND_LINE_MAX);
  channel_end_command(&t->channel);
  switch (status) {
    case LINE_OK:
      ends_group = in_auth || command_ends_group(text_of_stralloc(&t->line));
      *r = in_auth ? command_continue(&t->session, text_of_stralloc(&t->line)) : run(t, text_of_stralloc(&t->line));
      break;
    case LINE_TOO_LONG:
      *r = command_overflow(&t->session, reply_say(500, "5.5.2", "that line is too long"));
      break;
    case LINE_BARE_CR:
      *r = command_overflow(&t->session, reply_say(500, "5.5.2", "a CR alone in a line"));
      break;
    case LINE_BARE_LF: *r = reply_hang_up(500, "5.5.2", "only CRLF ends a line, closing"); break;
    case LINE_EOF: return errno = ECONNRESET, -1;
    case LINE_ERROR: return -1;
  }
  if (t->channel.tally) t->channel.tally->commands++;
  if (r->next == NEXT_CHUNK && receive(t, r, transfer_chunk) == -1) return -1;
  if (t->session.pause_ms && let_wait(t) == -1) return -1;
  if (put(t, r) == -1) return -1;
  return ends_group ? channel_flush(&t->channel) : 0;
}

/* The client is told, where it can be told in an instant. */
static enum talker_end give_up(struct talker *t, int error) {
  enum talker_end end = channel_end_of(error);
  struct reply r = reply_hang_up(421, "4.3.2", "the server is shutting down, closing");
  if (end == TALKER_CLIENT_LEFT || end == TALKER_NO_HEADER) return end; /* no SMTP is spoken yet */
  if (end == TALKER_TIMEOUT) r = reply_hang_up(421, "4.4.2", "timeout, closing");
  if (end == TALKER_NO_MEMORY) r = reply_hang_up(421, "4.3.0", "out of memory, closing");
  if (end == TALKER_SLOW) r = reply_hang_up(421, "4.4.2", "the message comes too slowly, closing");
  if (end == TALKER_UNGREETED) r = reply_hang_up(554, "5.5.1", "you spoke before the greeting, closing");
  if (end == TALKER_CROWDED) r = reply_hang_up(421, "4.7.0", "too many connections, please come again later");
  if (reply_cat(&t->channel.output, &r) == 0) channel_part(&t->channel);
  return end;
}

static int receive_message(struct talker *t, struct reply *r) {
  return receive(t, r, transfer_data) == -1 ? -1 : put(t, r);
}

static enum talker_end hang_up(struct talker *t, const struct reply *r) {
  if (channel_flush(&t->channel) == -1) return TALKER_CLIENT_LEFT;
  if (r->next == NEXT_TLS) return TALKER_STARTTLS;
  if (r->code == 221) return TALKER_QUIT;
  channel_linger(&t->channel);
  return t->hung_up;
}

/* RFC 5321 4.3.1: the client waits for the greeting.  What cannot wait for some
 * seconds is no mail server. */
static int await_turn(struct talker *t) {
  if (!t->greetdelay_ms) return 0;
  if (t->reader.at < t->reader.end) return errno = EPROTO, -1; /* in one piece with the PROXY header */
  int r = channel_pause(&t->channel, t->greetdelay_ms, true);
  if (r != 1) return r;
  ssize_t n = line_fill(&t->reader);
  if (n == 0) errno = ECONNRESET;
  if (n > 0) errno = EPROTO;
  return -1;
}

static int say_hello(struct talker *t, const char *greeting) {
  if (!stralloc_copys(&t->channel.output, "220 ") || !stralloc_cats(&t->channel.output, greeting) ||
      !stralloc_cats(&t->channel.output, " ESMTP\r\n"))
    return errno = ENOMEM, -1;
  return channel_flush(&t->channel);
}

static int ask(void *channel, enum door_frame what, const struct door_request *request,
               struct door_answer *answer, int *fd) {
  return channel_ask(channel, what, request, answer, fd);
}

/* Client and doorkeeper, where no test stands in for them. */
static void connect_channel(struct talker *t) {
  if (!t->reader.source) {
    t->reader.source = channel_read;
    t->reader.context = &t->channel;
  }
  if (!t->session.ask) {
    t->session.ask = ask;
    t->session.context = &t->channel;
  }
}

static int begin(struct talker *t, const char *greeting) {
  if (t->goes_on) return 0;
  if (t->is_proxied && opening_read(t) == -1) return -1;
  return await_turn(t) == -1 ? -1 : say_hello(t, greeting);
}

enum talker_end talker_run(struct talker *t, const char *greeting) {
  struct reply reply = {.next = NEXT_COMMAND};
  t->hung_up = TALKER_HUNG_UP;
  connect_channel(t);
  if (t->begins_with_tls) return opening_before_tls(t);
  int r = begin(t, greeting);
  while (r == 0 && reply.next < NEXT_TLS) {
    r = converse(t, &reply);
    if (r == 0 && reply.next == NEXT_DATA) r = receive_message(t, &reply);
  }
  int error = errno;
  command_close_data(&t->session);
  return r == 0 ? hang_up(t, &reply) : give_up(t, error);
}
