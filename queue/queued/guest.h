/* guest.h - a message on its way through a ready injector: one connection
 *
 * The connection brings lib/injectordoor.h's frames, the pipe the message.  The
 * caller is the doorkeeper; what it and the pipe say is checked as an exec'd
 * injector's caller is (queue/injection.h).
 */
#ifndef OWL_QUEUED_GUEST_H
#define OWL_QUEUED_GUEST_H

#include "lib/frame.h"
#include "queue/injection.h"

enum guest_state {
  GUEST_NONE,    /* all zero: nobody */
  GUEST_NEW,     /* no MESSAGE yet */
  GUEST_COMES,   /* its octets come, or its envelope */
  GUEST_WHOLE,   /* all is there: to be written, named and settled by others */
  GUEST_OVER     /* answered, or given up; only to be closed */
};

struct guest {
  int door, pipe; /* pipe -1: none yet.  Both are closed by guest_close() */
  enum guest_state state;
  bool is_addressed, is_read; /* the envelope has come; the pipe is at its end */
  struct frame_reader in;
  struct injection message;
  int code;
  uint64_t limit_us; /* boot clock: when it must be whole */
};

/* guest_open(): takes the connection of this user. */
void guest_open(struct guest *g, int door, uint64_t caller_uid, uint64_t now_us);

/* guest_hear(): the connection has something to say.  guest_read(): the pipe.  Neither
 * waits, and neither must have.  Afterwards state tells. */
void guest_hear(struct guest *g, int queue_fd, uint64_t now_us);
void guest_read(struct guest *g);

/* guest_is_deaf(): nothing that the connection says matters any more. */
bool guest_is_deaf(const struct guest *g);

/* guest_answer(): tells the caller; GUEST_OVER. */
void guest_answer(struct guest *g, int code);

void guest_close(struct guest *g);

#endif
