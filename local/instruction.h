/* instruction.h - the lines of a .qmail file (dot-qmail(5))
 *
 * The whole file is read and checked before its first line is carried out, so
 * that a mistake in the last line does not make a new copy at every attempt.
 */
#ifndef OWL_LOCAL_INSTRUCTION_H
#define OWL_LOCAL_INSTRUCTION_H

#include "local/verdict.h"

enum {
  INSTRUCTION_FILE_MAX = 4 * 1024 * 1024, /* octets of a .qmail file */
  INSTRUCTION_PATH_MAX = 4000             /* leaves room for new/ and the file's name */
};

enum instruction_kind {
  INSTRUCTION_FORWARD,
  INSTRUCTION_MAILDIR,
  INSTRUCTION_MBOX,
  INSTRUCTION_PROGRAM
};

struct instruction {
  enum instruction_kind kind;
  struct text value; /* address, path or command */
  bool is_folder;    /* a Maildir: value is the folder's name (local/store/folder.h) */
};

struct instructions {
  stralloc octets; /* the file; owned */
  struct instruction *list;
  size_t count, space;
};

/* instruction_parse(): takes over *octets (the file) and fills *i, which must
 * be zeroed.  name is for messages.  Values are views into i->octets, each
 * followed by a NUL there.  0, or -1 with the deferral in *v; free *i either
 * way. */
int instruction_parse(struct instructions *i, stralloc *octets, bool forward_only, const char *name,
                      struct verdict *v);

size_t instruction_count(const struct instructions *i, enum instruction_kind kind);
const char *instruction_name(enum instruction_kind kind);
void instructions_free(struct instructions *i);

#endif
