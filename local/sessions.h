/* sessions.h - open mailboxes for who has logged in
 *
 * A process of its own, which owl-lspawn keeps: it listens at
 * RUNDIR/mailbox/socket (owlpost-mailbox(7)), reads one request of a connection,
 * opens the pass that owl-authd has sealed, and starts a child that becomes the
 * user and runs the session.  It is root and reads no octet of a client's: what
 * comes in is of a fixed form, from a server that may have been taken over.  Such
 * a one can open the mailboxes whose credentials it was shown, for as long as
 * a pass is good, and no other.
 */
#ifndef OWL_LOCAL_SESSIONS_H
#define OWL_LOCAL_SESSIONS_H

#include "lib/log.h"
#include "lib/pass.h"
#include "local/settings.h"

enum {
  SESSIONS_CALLERS_MAX = 64,   /* connections whose request is not whole; further ones wait */
  SESSIONS_REQUEST_MS = 10000  /* within which it must be */
};

/* sessions_are_wanted(): whether there is the socket's folder, or it can be made. */
bool sessions_are_wanted(const struct settings *s);

/* sessions_run(): serves until a signal ends the process; SIGHUP rereads the
 * control files.  Returns only when it cannot go on: -1 with errno. */
int sessions_run(struct control *c, struct settings *s, struct log *log, const uint8_t key[PASS_KEY_OCTETS]);

#endif
