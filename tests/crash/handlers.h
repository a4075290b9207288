/* handlers.h - what calls.c asks of names.c and octets.c
 *
 * An argument that is given by number is that argument of the call; -1 for a
 * folder: the current one.  before_...() finds out whether the call will change
 * the recorded folder (call.alone), after_...() writes down what it did; they
 * are called after a success only.
 */
#ifndef OWL_CRASH_HANDLERS_H
#define OWL_CRASH_HANDLERS_H

#include "tests/crash/tracee.h"

int descriptor(const struct tracee *t, int argument);

/* The path of a descriptor, or of a name: relative; NULL: it lies elsewhere. */
const char *recorded_path(struct tracee *t, int argument);
const char *named_path(struct tracee *t, int dirfd, int name, char out[PATH_SPACE]);

/* names.c */
void before_open(struct tracee *t, int dirfd, int name);
void after_open(struct tracee *t, int name, int64_t fd);
void before_name(struct tracee *t, int dirfd, int name);
void before_link(struct tracee *t, int dirfd, int name, int to_dirfd, int to_name);
void before_rename(struct tracee *t, int dirfd, int name, int to_dirfd, int to_name);
void after_link(const struct tracee *t);
void after_rename(const struct tracee *t, uint64_t flags);
void after_unlink(const struct tracee *t);
void after_mkdir(const struct tracee *t);

/* octets.c: of files and sockets, and their way to the disk */
void before_write(struct tracee *t);
void after_write(struct tracee *t, int64_t moved, bool vector);
void after_file_write(struct tracee *t, int64_t offset, int64_t moved);
void after_read(struct tracee *t, int64_t moved, bool vector);
void after_message(struct tracee *t, const char *event, int64_t moved);
void after_truncate(struct tracee *t);
void before_sync(struct tracee *t);
void after_sync(struct tracee *t);

#endif
