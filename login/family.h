/* family.h - HOST CHECKPROG SUBPROGRAM MAILDIR: how qmail-popup is started
 *
 * Nothing of it is run: owl-authd runs the check program, and owl-lspawn the
 * session.  The words have to say what the control files say, so that nobody
 * takes them for something else.
 */
#ifndef OWL_LOGIN_FAMILY_H
#define OWL_LOGIN_FAMILY_H

#include "lib/control.h"

/* family_check(): words: CHECKPROG and what follows, up to a NULL; program: the
 * session's, "owl-pop3d", whose name under qmail is known, too.  authbackend has to be
 * CHECKPROG with "true" behind it, and mailboxmaildir MAILDIR.  0, or -1 with c->error set. */
int family_check(struct control *c, char **words, const char *program, const char *under_qmail);

#endif
