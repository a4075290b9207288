#include "config.h"
#include "smtpd/talker/talker.h"
#include <errno.h>
#include <unistd.h>
#include "smtpd/talker/data.h"

enum { OUTPUT_MAX_OCTETS = 8192 }; /* of replies held back */

static int put(struct talker *t, const struct reply *r) {
  if (reply_cat(&t->channel.output, r) == -1) return errno = ENOMEM, -1;
  return t->channel.output.len > OUTPUT_MAX_OCTETS ? channel_flush(&t->channel) : 0;
}

static int ask(void *channel, enum door_frame what, const struct door_request *request,
               struct door_answer *answer, int *fd) {
  return channel_ask(channel, what, request, answer, fd);
}

/* The message, on its way from client to pipe. */
struct transfer {
  struct data data;
  bool too_large, pipe_broken;
  uint64_t stored; /* octets that went into the pipe */
};

static bool is_lost(const struct transfer *x) {
  return x->too_large || x->pipe_broken || x->data.bare_cr || x->data.bare_lf;
}

/* A broken pipe is no end of the session: the data is read to its end, and the
 * injector's exit code tells.  -1: the session ends. */
static int store(struct talker *t, struct transfer *x, size_t len) {
  if (t->session.databytes && x->data.size > t->session.databytes) x->too_large = true;
  if (is_lost(x) || len == 0) return 0;
  if (channel_write(&t->channel, t->session.data_fd, t->decoded, len) == 0) {
    x->stored += len;
    return 0;
  }
  x->pipe_broken = errno == EPIPE;
  return x->pipe_broken ? 0 : -1;
}

static int transfer(struct talker *t, struct transfer *x) {
  while (x->data.state != DATA_END) {
    ssize_t n = t->reader.at < t->reader.end ? 1 : line_fill(&t->reader);
    if (n == 0) errno = ECONNRESET;
    if (n <= 0) return -1;
    struct text in = {t->reader.octets + t->reader.at, t->reader.end - t->reader.at};
    size_t len = data_decode(&x->data, &in, t->decoded);
    t->reader.at = t->reader.end - in.len;
    if (store(t, x, len) == -1) return -1;
  }
  return 0;
}

static struct reply verdict(const struct talker *t, const struct transfer *x) {
  if (x->data.bare_cr || x->data.bare_lf)
    return reply_say(550, "5.6.11", "the message has a CR or LF alone; only CRLF ends a line");
  if (x->too_large) return reply_say(552, "5.3.4", "that message is too large for this server");
  if (x->data.hops >= t->maxhops)
    return reply_say(554, "5.4.6", "too many hops, this message is looping");
  if (x->pipe_broken) return reply_say(451, "4.3.0", "the queue took only a part of the message");
  return reply_say(250, "2.0.0", "ok");
}

/* The answer to ABORT tells why the injector ended early; otherwise the client
 * is told what we found. */
static struct reply settle(struct talker *t, const struct transfer *x, struct reply found) {
  struct door_request r = {0};
  struct door_answer a;
  int fd = -1;
  bool complete = found.code == 250;
  if (complete) r.octets = x->stored;
  else r.status = found.status;
  if (channel_ask(&t->channel, complete ? DOOR_COMPLETE : DOOR_ABORT, &r, &a, &fd) == -1)
    return reply_hang_up(421, "4.3.2", "the server is shutting down, closing");
  if (fd >= 0) close(fd);
  struct reply said = reply_of(&a.result);
  if (a.ends_session) said.next = NEXT_END;
  return complete || found.code == 451 ? said : found;
}

/* The whole of it, and its reply.  0, or -1 with errno: the session ends. */
static int receive_message(struct talker *t, struct reply *r) {
  struct transfer x = {0};
  int received = transfer(t, &x);
  int saved = errno;
  close(t->session.data_fd);
  errno = saved;
  if (received == -1) return -1;
  *r = settle(t, &x, verdict(t, &x));
  command_end_transaction(&t->session, r->code == 250);
  return put(t, r);
}

/* One line from the client to its reply. */
static int converse(struct talker *t, struct reply *r) {
  bool ends_group = true;
  switch (line_read(&t->reader, &t->line, COMMAND_LINE_MAX)) {
    case LINE_OK:
      ends_group = command_ends_group(text_of_stralloc(&t->line));
      *r = command_run(&t->session, text_of_stralloc(&t->line));
      break;
    case LINE_TOO_LONG:
      *r = command_refuse(&t->session, reply_say(500, "5.5.2", "that line is too long"));
      break;
    case LINE_BARE_CR:
      *r = command_refuse(&t->session, reply_say(500, "5.5.2", "a CR alone in a line"));
      break;
    case LINE_BARE_LF: *r = reply_hang_up(500, "5.5.2", "only CRLF ends a line, closing"); break;
    case LINE_EOF: return errno = ECONNRESET, -1;
    case LINE_ERROR: return -1;
  }
  if (put(t, r) == -1) return -1;
  return ends_group ? channel_flush(&t->channel) : 0;
}

/* The client is told, where it can be told in an instant. */
static enum talker_end give_up(struct talker *t, int error) {
  enum talker_end end = channel_end_of(error);
  struct reply r = reply_hang_up(421, "4.3.2", "the server is shutting down, closing");
  if (end == TALKER_CLIENT_LEFT) return end;
  if (end == TALKER_TIMEOUT) r = reply_hang_up(421, "4.4.2", "timeout, closing");
  if (end == TALKER_NO_MEMORY) r = reply_hang_up(421, "4.3.0", "out of memory, closing");
  if (reply_cat(&t->channel.output, &r) == 0) channel_part(&t->channel);
  return end;
}

static enum talker_end hang_up(struct talker *t, unsigned code) {
  if (channel_flush(&t->channel) == -1) return TALKER_CLIENT_LEFT;
  if (code == 221) return TALKER_QUIT;
  channel_linger(&t->channel);
  return TALKER_HUNG_UP;
}

static int say_hello(struct talker *t, const char *greeting) {
  if (!stralloc_copys(&t->channel.output, "220 ") || !stralloc_cats(&t->channel.output, greeting) ||
      !stralloc_cats(&t->channel.output, " ESMTP\r\n"))
    return errno = ENOMEM, -1;
  return channel_flush(&t->channel);
}

enum talker_end talker_run(struct talker *t, const char *greeting) {
  struct reply reply = {.next = NEXT_COMMAND};
  t->reader.source = channel_read;
  t->reader.context = &t->channel;
  t->session.ask = ask;
  t->session.context = &t->channel;
  int r = say_hello(t, greeting);
  while (r == 0 && reply.next != NEXT_END) {
    r = converse(t, &reply);
    if (r == 0 && reply.next == NEXT_DATA) r = receive_message(t, &reply);
  }
  return r == 0 ? hang_up(t, reply.code) : give_up(t, errno);
}
