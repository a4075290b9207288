/* channel.h - what the talker of a log-in holds: its client, and the socket to its doorkeeper
 *
 * Nothing behind the line under way is taken out of the socket: what the client
 * has sent ahead is there for TLS, which refuses it, or for the session behind
 * the log-in.
 *
 * Whatever it waits for, it sees too when the doorkeeper goes away or is told
 * to end: errno ESHUTDOWN.  A client that is silent for limit_ms, or takes so
 * long for one line: ETIMEDOUT.
 */
#ifndef OWL_LOGIN_CHANNEL_H
#define OWL_LOGIN_CHANNEL_H

#include "lib/line.h"
#include "listen/strain.h"
#include "login/door.h"

struct login_channel {
  /* set by the owner */
  int client; /* a stream socket that does not block */
  int door;
  int limit_ms;
  const struct strain *strain; /* shortens it; NULL: it never does */

  uint64_t line_began_us; /* 0: no line is under way */
  stralloc output;        /* replies that are held back */
  struct frame_reader answers;
};

/* How a talker ended; its exit code. */
enum login_end {
  LOGIN_QUIT,
  LOGIN_CLIENT_LEFT, /* closed, or the connection broke */
  LOGIN_TIMEOUT,
  LOGIN_SHUTDOWN, /* the doorkeeper ends the session, or is gone */
  LOGIN_HUNG_UP,  /* too many errors or commands, or a line that leaves its meaning open */
  LOGIN_NO_MEMORY,
  LOGIN_INJECTED, /* hung up: something stood behind the command that begins TLS */
  LOGIN_TLS,      /* no end: the next talker goes on under TLS */
  LOGIN_OPENED,   /* no end: the client is its session's */
  LOGIN_END_COUNT
};

const char *login_explain(int end);

/* login_line(): lib/line.h's line_read(), with a limit for the whole line.  Held
 * replies leave before it waits.  reader->source is login_read, its context the
 * channel. */
enum line_status login_line(struct login_channel *c, struct line_reader *reader, stralloc *line, size_t max);
ssize_t login_read(void *channel, char *to, size_t size);

/* login_flush(): sends the output.  0, or -1 with errno. */
int login_flush(struct login_channel *c);

/* login_speaks(): whether octets of the client, or its end, are there now. */
bool login_speaks(const struct login_channel *c);

/* login_ask(): one request and its answer, whose texts hold until the next.  0, or -1. */
int login_ask(struct login_channel *c, enum logindoor_frame what, const struct logindoor_request *request,
              struct logindoor_answer *answer);

/* login_end_of(): the end that an errno of the above stands for. */
enum login_end login_end_of(int error);

/* login_part(): the output as last words (lib/iowait.h). */
void login_part(struct login_channel *c);

#endif
