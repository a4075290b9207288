/* birth.h - the child that a session is */
#ifndef OWL_BIRTH_H
#define OWL_BIRTH_H

#include "smtpd/doorkeeper/settings.h"
#include "smtpd/strain.h"

/* birth(): forks; the child serves the client on fd and ends.  Its pid, or -1
 * with errno. */
pid_t birth(int fd, const struct settings *s, struct strain *strain);

#endif
