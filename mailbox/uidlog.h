/* uidlog.h - which UID each message of a folder has, on the disk (owlpost-uids(5))
 *
 * The file owlpost-uids in the Maildir, to which lines are appended.  Who reads
 * takes no lock.  Who assigns holds one on the file (OFD) meanwhile; nothing of
 * it is left behind by a process that dies.  No UID is told before its line is
 * on the disk, and none is given twice, whatever breaks off.  Without the file
 * all messages get new UIDs, under another UIDVALIDITY.
 */
#ifndef OWL_MAILBOX_UIDLOG_H
#define OWL_MAILBOX_UIDLOG_H

#include <time.h>
#include "mailbox/uidlines.h"

enum { UIDLOG_LOCK_MS = 30000, UIDLOG_OCTETS_MAX = 1 << 30 };

#define UIDLOG_NAME "owlpost-uids"

struct uidlog {
  int folder;  /* the Maildir; the owner's */
  int fd;      /* -1: there is no file */
  bool is_read_only; /* as the file system is; uidlog_lock() fails with EROFS */
  bool locked;
  bool is_replaced; /* uidlog_lock() met another file than was read before: who is gone need not be in it */
  struct uidlines lines;
  stralloc out; /* to be appended */
};

/* All return 0, or -1 with errno; then only uidlog_close() may follow. */

/* uidlog_open(): reads what is there; nothing is no error.  What it tells is on
 * the disk.  EPROTONOSUPPORT: a later version of owlpost has written it. */
int uidlog_open(struct uidlog *l, int folder);

/* uidlog_time(): of the file that has the name; all zeroes: there is none. */
struct uidlog_time {
  uint64_t inode, octets;
  struct timespec changed;
};
int uidlog_time(int folder, struct uidlog_time *t);
bool uidlog_time_equal(const struct uidlog_time *a, const struct uidlog_time *b);

/* uidlog_is(): it is the file with this time, read to its end. */
bool uidlog_is(const struct uidlog *l, const struct uidlog_time *t);

/* uidlog_lock(): waits at most UIDLOG_LOCK_MS (ETIMEDOUT), makes the file where there
 * is none, and reads what others have written.  When another wrote the file
 * anew, numbers of entries have changed. */
int uidlog_lock(struct uidlog *l);
void uidlog_unlock(struct uidlog *l);

/* uidlog_begin(): under the lock, where there is no UIDVALIDITY (lines.validity is
 * 0): this one, or 0: the time, or least, which is greater.  What is added then is on the disk after
 * uidlog_rewrite().
 * uidlog_raise(): UIDNEXT is at least this. */
void uidlog_begin(struct uidlog *l, uint32_t validity, uint32_t least);
void uidlog_raise(struct uidlog *l, uint64_t next);

/* uidlog_empty(): under the lock: as if nothing were there; uidlog_begin() follows. */
void uidlog_empty(struct uidlog *l);

/* uidlog_add(): under the lock: a message gets the next UID; *number is its
 * entry.  uid 0: the next one, or one that is not under it.  EOVERFLOW: none is left. */
int uidlog_add(struct uidlog *l, uint32_t uid, const struct filename *f, struct text uidl, size_t *number);

/* uidlog_note_sizes(): under the lock. */
int uidlog_note_sizes(struct uidlog *l, size_t number, uint64_t size, uint64_t wire_size);

/* uidlog_note_gone(): under the lock: its file has gone, and was missed more than once. */
int uidlog_note_gone(struct uidlog *l, size_t number);

/* uidlog_commit(): what was added is on the disk, and what was noted in the file. */
int uidlog_commit(struct uidlog *l);

/* uidlog_rewrite(): under the lock: the file anew, without those that are gone.
 * Numbers change.  1: it could not be, errno says why, and is as it was. */
bool uidlog_wants_rewrite(const struct uidlog *l);
int uidlog_rewrite(struct uidlog *l);

void uidlog_close(struct uidlog *l);

#endif
