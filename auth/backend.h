/* backend.h - ask the site's back end, in a process for each question
 *
 * backend_answer() may wait for as long as the back end likes: who started the
 * process ends it.  What goes wrong with the back end is said in the log; no
 * secret is.  user is the one that a SCRAM asked about, for its PROOF.  before are the
 * passwords that were right a short while ago; NULL: each is checked.
 */
#ifndef OWL_AUTH_BACKEND_H
#define OWL_AUTH_BACKEND_H

#include "auth/remembered.h"
#include "auth/reply.h"
#include "auth/settings.h"
#include "lib/log.h"

struct question {
  unsigned kind; /* enum credential_frame */
  struct credential_request request;
  struct text user; /* whom it is about */
};

void backend_answer(const struct settings *s, struct remembered *before, const struct question *q, struct log *log,
                    struct reply *r);

/* The back ends. */
void program_answer(const struct settings *s, const struct question *q, struct log *log, struct reply *r);
void passwords_answer(const struct settings *s, struct remembered *before, const struct question *q, struct log *log,
                      struct reply *r);
void dovecot_answer(const struct settings *s, const struct question *q, struct log *log, struct reply *r);

#endif
