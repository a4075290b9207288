/* reply.h - an answer under construction, with what it points to */
#ifndef OWL_AUTH_REPLY_H
#define OWL_AUTH_REPLY_H

#include "lib/credential.h"

struct reply {
  struct credential_answer answer; /* its texts lie in the following, or are constant */
  stralloc user, salt, signature, pass;
  bool has_account; /* the back end attests uid, gid and home of the mailbox's user */
  uint64_t uid, gid;
  stralloc home;
};

/* Each overwrites what was there.  reply_wrong() says nothing of why. */
void reply_right(struct reply *r, struct text user);
void reply_wrong(struct reply *r);
void reply_later(struct reply *r);

/* reply_busy(): too many failures; reply_cannot(): the mechanism is none that we know. */
void reply_busy(struct reply *r);
void reply_cannot(struct reply *r);

void reply_free(struct reply *r);

#endif
