/* birth.h - the child that a session is */
#ifndef OWL_BIRTH_H
#define OWL_BIRTH_H

#include "listen/place.h"
#include "listen/sessions.h"

struct birth {
  int fd; /* the client */
  struct strain *strain;
  const struct sessions *sessions;
  const struct place *place;
};

/* birth(): forks; the child serves the client and ends.  Its pid, or -1 with
 * errno. */
pid_t birth(const struct birth *b);

#endif
