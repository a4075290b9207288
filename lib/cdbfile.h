/* cdbfile.h - constant databases (cdb): look-ups in one file, and making it anew
 *
 * The format is Bernstein's: at most 4 GiB, any octets as keys and data.  A
 * reader sees the old file or the new one, never a part.  A file that is broken
 * gives EPROTO or EINVAL, or what else is in it: data is checked by who uses it.
 * Whoever can write to the file can end a reader (SIGBUS).
 */
#ifndef OWL_CDBFILE_H
#define OWL_CDBFILE_H

#include <cdb.h>
#include <stdint.h>
#include "lib/text.h"

struct cdbfile {
  struct cdb cdb;
  int fd;
};

/* cdbfile_open(): 1; 0 when there is no such file; -1 with errno (EINVAL: not a
 * regular file).  After 1 it must be closed. */
int cdbfile_open(struct cdbfile *c, const char *path);

/* cdbfile_find(): 1 and *out is the first entry's data; 0 when there is none of
 * this key; -1 with errno. */
int cdbfile_find(struct cdbfile *c, struct text key, stralloc *out);

void cdbfile_close(struct cdbfile *c);

struct cdbfile_maker {
  int fd;
  stralloc path, temporary, pending;
  uint64_t size; /* octets of the entries and the 2048 before them */
  struct cdbfile_slot *slots;
  size_t count, space;
};

/* All but the last give 0, or -1 with errno; then abandon it, too.
 * cdbfile_make() starts a file beside path; *m need not be zeroed.
 * cdbfile_commit() syncs it, puts it in the place of path and syncs the folder:
 * after a failure of this last sync it is in place, but perhaps not for good.
 * cdbfile_abandon() frees everything, after a commit too, and takes away what
 * is unfinished. */
int cdbfile_make(struct cdbfile_maker *m, const char *path);
int cdbfile_add(struct cdbfile_maker *m, struct text key, struct text data);
int cdbfile_commit(struct cdbfile_maker *m, unsigned mode);
void cdbfile_abandon(struct cdbfile_maker *m);

/* cdbfile_write(): all of it: add puts the entries in, and gives 0, or -1 with
 * errno.  0, or -1 with errno: then path is as it was, but for the last sync. */
typedef int cdbfile_add_all(struct cdbfile_maker *m, const void *context);
int cdbfile_write(const char *path, unsigned mode, cdbfile_add_all *add, const void *context);

#endif
