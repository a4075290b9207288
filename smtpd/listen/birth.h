/* birth.h - the child that a session is */
#ifndef OWL_BIRTH_H
#define OWL_BIRTH_H

#include "smtpd/doorkeeper/settings.h"
#include "smtpd/listen/sessions.h"
#include "smtpd/place.h"

struct birth {
  int fd; /* the client */
  const struct settings *settings;
  struct strain *strain;
  const struct sessions *sessions;
  const struct place *place;
};

/* birth(): forks; the child serves the client and ends.  Its pid, or -1 with
 * errno. */
pid_t birth(const struct birth *b);

#endif
