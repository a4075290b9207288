/* injectordoor.h - what is said at the socket of ready injectors (owl-queued(8))
 *
 * A message is a connection.  Caller: MESSAGE, whose payload is the extra
 * envelope (lib/injector.h) and whose descriptor is the read end of a pipe that
 * the message comes through; ENVELOPE, the classic envelope.  Injector: one
 * ANSWER, which may come before the end of either when the message is refused.
 * Nothing is queued without a whole ENVELOPE and the end of the pipe.
 */
#ifndef OWL_INJECTORDOOR_H
#define OWL_INJECTORDOOR_H

#include "lib/frame.h"

enum injectordoor_frame { INJECTORDOOR_MESSAGE = 1, INJECTORDOOR_ENVELOPE = 2, INJECTORDOOR_ANSWER = 3 };

enum { INJECTORDOOR_FRAME_MAX = 1 << 28, INJECTORDOOR_TEXT_MAX = 1024 };

extern const struct frame_protocol injectordoor_protocol;

struct injectordoor_answer {
  uint64_t code;      /* the exit code, lib/exitcode.h */
  uint64_t pid;       /* the injector's */
  bool arrival_taken; /* the message has the extra envelope's arrival */
  struct text text;   /* more for people, clean; or absent */
};

/* injectordoor_put(): 0, or -1 with errno.  injectordoor_read(): *a points into the
 * payload.  0, or -1 with errno EPROTO. */
int injectordoor_put(stralloc *out, const struct injectordoor_answer *a);
int injectordoor_read(struct injectordoor_answer *a, struct text payload);

#endif
