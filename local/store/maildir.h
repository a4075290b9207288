/* maildir.h - put a message into a Maildir so that it stays there
 *
 * In this order: maildir_open() makes a file in tmp/; maildir_put() fills it;
 * maildir_sync() brings it to the disk and gives it its name; maildir_place()
 * moves it to new/; maildir_sync_folder() brings new/ to the disk, once for
 * all files that were placed there.  Only then is it delivered.
 * maildir_close() removes whatever has not been placed.
 *
 * Names are TIME.MmicrosecondsPpidQcounter.HOST,S=size,W=size, so that mailbox
 * servers need not look into the file: S counts the file's octets, W what it
 * has with CRLF line ends.  No name is ever overwritten.
 */
#ifndef OWL_LOCAL_STORE_MAILDIR_H
#define OWL_LOCAL_STORE_MAILDIR_H

#include "lib/clock.h"
#include "local/verdict.h"

struct maildir_file {
  int fd; /* -1: closed */
  uint64_t size, crlf_size;
  char last; /* octet written */
  bool synced;    /* by maildir_sync_together() */
  int sync_error; /* then: 0, or errno */
  bool in_tmp, in_new;
  bool counted; /* for its quota, by who delivers it */
  stralloc unique, tmp, final; /* NUL-terminated */
  stralloc folder;             /* new/, NUL-terminated */
};

/* One per process: makes its names unique. */
struct maildir_namer {
  const struct clock *clock;
  unsigned counter;
};

/* All return 0, or -1 with the deferral in *v. */

/* maildir_make(): makes the Maildir and its three folders, those that are
 * missing, mode 0700, and brings them to the disk. */
int maildir_make(const char *path, struct verdict *v);

/* maildir_make_folder(): the same for a folder (local/store/folder.h), and for the
 * Maildir that it lies in: path ends with the folder's name and '/'. */
int maildir_make_folder(const char *path, struct verdict *v);

/* maildir_look(): for explanations: what stands in the way of maildir_open()
 * and maildir_place(), as far as can be seen without writing. */
int maildir_look(const char *path, bool make, struct verdict *v);

enum maildir_missing { MAILDIR_STAYS_MISSING, MAILDIR_IS_MADE, MAILDIR_FOLDER_IS_MADE };

/* maildir_open(): path ends with '/'.
 * *f must be zeroed; close it whatever comes back. */
int maildir_open(struct maildir_file *f, const char *path, enum maildir_missing missing,
                 struct maildir_namer *namer, struct verdict *v);
int maildir_put(struct maildir_file *f, struct text octets, struct verdict *v);
int maildir_sync(struct maildir_file *f, struct verdict *v);
int maildir_place(struct maildir_file *f, struct verdict *v);
int maildir_sync_folder(const struct maildir_file *f, struct verdict *v);

/* maildir_start_sync() promises nothing, but of several files that it is called
 * for before the first is synced all reach the disk together.
 * maildir_sync_together(): brings the octets of several open files to the disk,
 * with an fsync for each, in threads of its own that are gone when it returns;
 * maildir_sync() of each then tells what came of it. */
void maildir_start_sync(const struct maildir_file *f);
void maildir_sync_together(struct maildir_file *const *files, size_t count);

/* maildir_withdraw(): takes a placed file away again, as far as it goes. */
void maildir_withdraw(struct maildir_file *f);

/* maildir_unique(): a name of a file as it begins in tmp/, NUL-terminated.
 * 0, or -1 with errno. */
int maildir_unique(stralloc *name, struct maildir_namer *namer);

void maildir_close(struct maildir_file *f);

#endif
