/* list.h - what a list is that newlist.c compiles: each program has one */
#ifndef OWL_LISTS_LIST_H
#define OWL_LISTS_LIST_H

#include "lib/cdbfile.h"
#include "lib/list.h"

struct cdb_list {
  const char *program, *file; /* file: in the control folder; its cdb is FILE.cdb */

  /* Why a line cannot be used, or NULL. */
  const char *(*refuse)(struct text line);

  /* Adds all lines, which are sorted, each once: 0, or -1 with errno. */
  int (*add)(struct cdbfile_maker *m, const struct list *lines);
};

extern const struct cdb_list cdb_list;

/* add_key(): the key in lower case, without data.  0, or -1 with errno. */
int add_key(struct cdbfile_maker *m, const char *kind, struct text key);

#endif
