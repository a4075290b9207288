/* opening.h - begin a session on a mailbox, as its user
 *
 * In a child of its own, as a look-up may take long.  Whoever asked is told on
 * the door (lib/mailboxdoor.h): what stands in the way, or that the session
 * has the stream.
 */
#ifndef OWL_LOCAL_OPENING_H
#define OWL_LOCAL_OPENING_H

#include "lib/exitcode.h"
#include "lib/log.h"
#include "lib/mailboxdoor.h"
#include "lib/route.h"
#include "local/settings.h"

/* The exit code where nothing began; a session's program ends with it for the same reason. */
enum { OPENING_FAILED = TOOL_SYSTEM };

struct opening {
  const char *program; /* path of what serves the service */
  const struct mailboxdoor_request *request;
  const struct pass *pass;
  int door, stream;
  pid_t service; /* the process that starts it, with which it ends */
  const struct settings *settings;
  const struct route_table *routes;
  struct log *log;
};

/* opening_run(): finds the user, becomes him, enters his home and runs the
 * program with the stream as descriptors 0 and 1 and the door as 3.  Never
 * comes back; the process ends by SIGALRM when a look-up does not come to an end. */
_Noreturn void opening_run(const struct opening *o);

/* opening_refuse(): tells who asked, and the log why.  What is wrong with a home is
 * not the client's to know. */
void opening_refuse(const struct opening *o, const struct result *r);

#endif
