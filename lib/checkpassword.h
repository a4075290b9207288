/* checkpassword.h - ask a program of the checkpassword family
 *
 * The program finds three texts, each ended by NUL, on descriptor 3: the user,
 * and with a password the password and a time stamp; with a challenge, that and
 * the response.  It exits 0 after it has become the user and run what its
 * arguments name; 1: refused; 2: misused; 111: try later.
 *
 * At most 512 octets are read by such programs, so what is longer is refused
 * without asking.  Nothing secret is in arguments or environment.
 */
#ifndef OWL_CHECKPASSWORD_H
#define OWL_CHECKPASSWORD_H

#include <sys/types.h>
#include "lib/text.h"

enum { CHECKPASSWORD_OCTETS_MAX = 512 };

enum checkpassword_status {
  CHECKPASSWORD_RIGHT,
  CHECKPASSWORD_WRONG,
  CHECKPASSWORD_LATER /* could not be run, misused, killed, or it said so */
};

struct checkpassword {
  pid_t pid;
  int status; /* as wait(2) gives it; -1: not run */
  int error;  /* errno where it could not be run */
};

/* checkpassword_start(): runs argv[0], searched in PATH, with that environment and
 * three texts without NULs, in this process' group; descriptors 0 and 1 are
 * /dev/null, 2 stays and is told where there is no such program, beside becomes 4 unless it is -1, others are closed.  LATER with c->error, WRONG where the
 * texts are too long or have NULs, else RIGHT: it runs, c->pid is to be waited
 * for, and killed when that lasts too long. */
enum checkpassword_status checkpassword_start(struct checkpassword *c, char *const *argv, char *const *environment,
                                              const struct text texts[3], int beside);

/* checkpassword_result(): what a wait status says. */
enum checkpassword_status checkpassword_result(int wait_status);

/* checkpassword_run(): both, and waits without limit. */
enum checkpassword_status checkpassword_run(struct checkpassword *c, char *const *argv, char *const *environment,
                                            const struct text texts[3], int beside);

#endif
