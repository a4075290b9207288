/* quota.h - how much a Maildir may hold: its file maildirsize (Maildir++)
 *
 * The first line is the quota, as 10000000S,1000C: octets and files, each left
 * out, or 0, when it has no limit.  Each further line is what came or went,
 * octets and files with a blank between, and the sum is what there is: not
 * counted are folder Trash and messages marked T.  The sum is made anew, from
 * the folders, when the file is 5120 octets long or more; or when it says that
 * there is no room and has more than one line, or is 15 minutes old.
 *
 * It is the user's own file, and advisory: several deliveries at one time may
 * go over the quota by what they bring, and one that is placed before others
 * have counted, and tells of it after, counts twice until it is counted anew:
 * no file is left out.  A file without a quota in its first
 * line is taken for none.  What stands in it is hostile as far as the user is.
 */
#ifndef OWL_LOCAL_STORE_QUOTA_H
#define OWL_LOCAL_STORE_QUOTA_H

#include "lib/clock.h"
#include "local/verdict.h"

enum {
  QUOTA_FILE_MAX = 5120, /* octets */
  QUOTA_STALE_S = 900
};

struct quota_limits {
  uint64_t octets, files; /* 0: no limit */
};

struct quota {
  stralloc root; /* of the Maildir, not of a folder; ends with '/', NUL-terminated */
  struct quota_limits limits;
  bool limited;           /* there is a quota */
  int64_t octets, files;  /* in the Maildir, and taken by this process */
  int64_t came_octets, came_files; /* taken, and not written yet */
  bool exact;             /* counted in the folders by this process */
  bool may_count;         /* the file may be wrong, when it says that there is no room */
  uint64_t deadline_us;   /* of counting, by the boot clock; 0: none */
  bool only_looks;        /* what is counted is not written down */
};

/* quota_parse(): 0, or -1: malformed, or no limit in it. */
int quota_parse(struct text definition, struct quota_limits *limits);

/* quota_open(): of the Maildir at root (ends with '/') or, if that is a folder, of
 * the one that it lies in.  fallback is the quota of a Maildir that
 * has none of its own, or NULL.  *q must be zeroed, but for these two; free
 * it whatever comes back.  0, or -1 with the deferral in *v. */
int quota_open(struct quota *q, const char *root, const char *fallback, struct verdict *v);

/* quota_fits(): whether a message of so many octets fits; counts anew where the
 * rules say so. */
bool quota_fits(struct quota *q, uint64_t octets);

/* quota_take(): a message came; or, with less than 0, has gone.  quota_note():
 * tells it to the file, when the messages are in their places, in one write; if
 * that fails the file is removed, so that it is counted anew. */
void quota_take(struct quota *q, int64_t octets, int64_t files);
void quota_note(struct quota *q);

/* quota_make(): counts the Maildir and gives it this quota.  0, or -1 with the
 * deferral, or the failure when definition is malformed. */
int quota_make(const char *root, const char *definition, struct verdict *v);

void quota_free(struct quota *q);

#endif
