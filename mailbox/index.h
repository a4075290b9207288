/* index.h - what a look at a folder found, for the next one (owlpost-index in owlpost-uids(5))
 *
 * Only a cache, and believed only while the UID log is the same file, untouched,
 * and new/ and cur/ have the times that they had.  Whoever changes anything
 * changes these, so that nobody has to keep it up to date; without it, or
 * where it does not check, everything is read.
 */
#ifndef OWL_MAILBOX_INDEX_H
#define OWL_MAILBOX_INDEX_H

#include "mailbox/mailbox.h"

#define INDEX_NAME "owlpost-index"

enum index_match {
  INDEX_NOTHING,
  INDEX_CUR, /* what lies in cur/ */
  INDEX_ALL
};

/* index_read(): what still holds of it, at this time.  INDEX_ALL: m has the
 * messages.  INDEX_CUR: the sightings have them. */
enum index_match index_read(struct mailbox *m, const struct mailbox_time *now, struct sightings *in_cur);

/* index_write(): what m has, which is from that time.  0, or -1 with errno; then
 * there is the old one. */
int index_write(const struct mailbox *m, const struct mailbox_time *then);

bool index_time_equal(const struct mailbox_time *a, const struct mailbox_time *b);

#endif
