/* dovecotline.h - lines of Dovecot's protocol for clients of its auth process
 *
 * Words with tabs between them; in values TAB, LF, CR, NUL and 001 are written as
 * 001 and one octet.  Version 1; what the other end says beyond it is passed over.
 */
#ifndef OWL_AUTH_DOVECOTLINE_H
#define OWL_AUTH_DOVECOTLINE_H

#include "lib/credential.h"

enum dovecot_word {
  DOVECOT_OTHER,     /* to be passed over */
  DOVECOT_DONE,      /* the end of its greeting */
  DOVECOT_RIGHT,
  DOVECOT_WRONG,
  DOVECOT_LATER,
  DOVECOT_MALFORMED  /* an answer to nothing that was asked, another version */
};

/* Whom Dovecot names with DOVECOT_RIGHT; owns its texts. */
struct dovecot_user {
  stralloc name;     /* empty: nobody */
  bool has_uid, has_gid;
  uint64_t uid, gid; /* where it gives numbers */
  stralloc home;     /* empty: not given */
};

/* dovecotline_read(): a line without its LF; *user is overwritten.  Hostile input. */
enum dovecot_word dovecotline_read(struct text line, struct dovecot_user *user);
void dovecotline_free(struct dovecot_user *user);

/* dovecotline_put(): appends our greeting and the question, number 1.  0, or -1
 * without memory. */
int dovecotline_put(stralloc *out, const struct credential_request *r, struct text user, uint64_t pid);

#endif
