/* channel.h - what a talker holds: its client, and the socket to its doorkeeper
 *
 * Whatever it waits for, it sees too when the doorkeeper goes away or is told
 * to end: errno ESHUTDOWN.  A client that is silent for limit_ms, or takes so
 * long for one command: ETIMEDOUT.
 */
#ifndef OWL_CHANNEL_H
#define OWL_CHANNEL_H

#include "lib/door.h"
#include "listen/strain.h"
#include "smtpd/talker/pace.h"
#include "smtpd/tally.h"

struct channel {
  /* set by the owner */
  int in, out; /* the client; one descriptor when it is a socket */
  int door;
  int limit_ms; /* of each wait for the client, and of all waits for one command */
  const struct strain *strain; /* shortens it; NULL: it never does */
  struct pace pace; /* its first two; too slow: errno ETIME */
  struct tally *tally; /* NULL: nobody wants to know */

  bool awaits_command;
  uint64_t waited_us; /* for this command */
  stralloc output; /* replies that are held back */
  struct frame_reader answers;
};

/* How a session ended; the talker's exit code. */
enum talker_end {
  TALKER_QUIT,
  TALKER_CLIENT_LEFT, /* closed, or the connection broke */
  TALKER_TIMEOUT,
  TALKER_SHUTDOWN, /* the doorkeeper ends the session, or is gone */
  TALKER_HUNG_UP,  /* the client made too many errors, or one that leaves its meaning open */
  TALKER_NO_MEMORY,
  TALKER_FOREIGN,   /* hung up: the client speaks HTTP */
  TALKER_TOO_EARLY, /* hung up: the message came before 354 */
  TALKER_UNGREETED, /* the client spoke before the greeting */
  TALKER_SLOW,  /* its message came too slowly */
  TALKER_NO_HEADER, /* of the PROXY protocol, or it was not granted */
  TALKER_CROWDED, /* the client that a proxy names has too many sessions */
  TALKER_STARTTLS,  /* no end: the next talker goes on under TLS */
  TALKER_INJECTED, /* hung up: something stood behind STARTTLS */
  TALKER_END_COUNT
};

const char *talker_explain(int end);

/* channel_write(): all of it, to the client or into the message's pipe.
 * channel_flush(): the output.  0, or -1 with errno. */
int channel_write(const struct channel *c, int fd, const char *octets, size_t len);
int channel_flush(struct channel *c);

/* channel_read(): a line_source (lib/line.h) whose context is the channel;
 * flushes before it waits. */
ssize_t channel_read(void *channel, char *to, size_t size);

/* channel_begin_command(), channel_end_command(): what is read comes of one
 * command, and all waits for it count together. */
void channel_begin_command(struct channel *c);
void channel_end_command(struct channel *c);

/* channel_speaks(): whether something of the client can be read, octets or
 * their end, without waiting. */
bool channel_speaks(const struct channel *c);

/* channel_pause(): lets time pass.  1, early, when listens and the client
 * speaks or closes; 0, early, when it is gone anyway; -1 with errno ESHUTDOWN. */
int channel_pause(const struct channel *c, uint64_t time_ms, bool listens);

/* channel_ask(): one request and its answer, whose texts hold until the next.
 * *fd: -1, or a descriptor that now is the caller's.  0, or -1. */
int channel_ask(struct channel *c, enum door_frame what, const struct door_request *request,
                struct door_answer *answer, int *fd);

/* channel_end_of(): the end that an errno of the above stands for. */
enum talker_end channel_end_of(int error);

/* channel_part(): the output as last words (lib/iowait.h). */
void channel_part(struct channel *c);

/* channel_linger(): the same, where they have left already. */
void channel_linger(const struct channel *c);

#endif
