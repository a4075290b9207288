/* quotas.h - the quotas of the Maildirs that one batch delivers to
 *
 * Each is read once.  A message is taken when it has been written to tmp/, given
 * back when it is not delivered, and noted in maildirsize, all of a batch in one
 * line, once the files are in their places (local/store/quota.h).
 */
#ifndef OWL_LOCAL_STORE_QUOTAS_H
#define OWL_LOCAL_STORE_QUOTAS_H

#include "local/mailbox.h"
#include "local/store/quota.h"

struct quotas {
  struct quotas_place {
    stralloc maildir; /* as instructions name it, NUL-terminated */
    size_t number;    /* of its quota */
  } *places;
  struct quota *list;
  size_t place_count, count;
};

/* quotas_take(): 0, or -1: it does not fit, or the quota cannot be read, with *v.
 * The Maildir ends with '/'. */
int quotas_take(struct quotas *q, const char *maildir, uint64_t octets, const struct mailbox *box,
                struct verdict *v);
void quotas_give_back(struct quotas *q, const char *maildir, uint64_t octets);
void quotas_note(struct quotas *q);
void quotas_free(struct quotas *q);

struct quotas_view {
  uint64_t deadline_us; /* of counting, by the boot clock; 0: none */
  bool writes; /* what had to be counted is written down */
};

/* quotas_look(): for an answer before the message is there: 0: the Maildir has
 * room for one octet, or cannot be counted in time; 1: it has not, and *v is what
 * its delivery would end with; -1: its quota cannot be read, and *v is the
 * deferral. */
int quotas_look(const char *maildir, const struct mailbox *box, const struct quotas_view *how,
                struct verdict *v);

#endif
