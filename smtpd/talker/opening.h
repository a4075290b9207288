/* opening.h - before the greeting a proxy says who the client is */
#ifndef OWL_OPENING_H
#define OWL_OPENING_H

#include "smtpd/talker/talker.h"

enum { OPENING_MS = 10000 }; /* for the whole header */

/* opening_read(): takes the header of the PROXY protocol off the input and has
 * the doorkeeper grant what it names, whose right to XCLIENT is its own.  0, or
 * -1 with errno: EBADMSG when there is no such header, or it is not granted;
 * EUSERS when the client has too many sessions; ENOMEM when the doorkeeper has
 * no memory to say more. */
int opening_read(struct talker *t);

/* opening_before_tls(): the same where TLS begins behind the header, of which
 * nothing is read; then the doorkeeper is asked for it.  TALKER_STARTTLS, or why
 * not. */
enum talker_end opening_before_tls(struct talker *t);

#endif
