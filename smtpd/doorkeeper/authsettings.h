/* authsettings.h - whether and how clients log in: SMTPAUTH, as qmail's forks set it,
 * SUBMISSION and control files
 *
 *   ""      AUTH is offered      "cram"    CRAM-MD5 alone is
 *   "-"     it is not            "+cram"   CRAM-MD5 is, too
 *
 * A "!" in front of them: no mail without.  Of the mechanisms those are offered
 * that owl-authd can do.  A session for submission (RFC 6409)
 * offers it, and takes no mail without; others without SMTPAUTH do not offer it.
 */
#ifndef OWL_AUTHSETTINGS_H
#define OWL_AUTHSETTINGS_H

#include "smtpd/doorkeeper/settings.h"

/* 0, or -1 with c->error set. */
int authsettings_load(struct settings *s, struct control *c);

/* authsettings_check_program(): the words, up to a NULL, are those of authbackend, since
 * owl-authd is who runs them.  0, or -1 with c->error set. */
int authsettings_check_program(struct control *c, char **words);

/* authsettings_submit(): from now on *s is for submission. */
void authsettings_submit(struct settings *s);

/* authsettings_offer(): AUTH may be offered, as the session is now. */
bool authsettings_offer(const struct settings *s);

#endif
