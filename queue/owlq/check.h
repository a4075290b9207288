/* check.h - owlq check: what is looked at, what is found, what is mended
 *
 * Beside a live runner messages come and go between two looks: what seems
 * wrong is looked at again, after the runner has answered a request, so that
 * whatever it was doing is done.  Only what is still wrong then is said.
 */
#ifndef OWL_OWLQ_CHECK_H
#define OWL_OWLQ_CHECK_H

#include "queue/owlq/layout.h"
#include "queue/owlq/link.h"
#include "queue/owlq/progress.h"
#include "queue/store.h"

enum fault {
  FAULT_NONE,    /* also: it is not there any more */
  FAULT_ACCESS,  /* owner or mode */
  FAULT_ALIEN,   /* not of the queue */
  FAULT_FOLDER,  /* its id belongs into another folder */
  FAULT_FILES,   /* mend_message() is for it */
  FAULT_UNKNOWN  /* it could not be read */
};

/* An entry of todo/, of a folder of wait/, or of tmp/. */
struct entry {
  char folder[16];
  char *name; /* owned */
};

struct entries {
  struct entry *each; /* owned */
  size_t count, space;
};

struct check {
  struct store store;
  struct owners owners;
  struct link link;
  bool live, repair, json, made_poke;
  struct entries suspects;
  size_t messages, faults, mended;
  struct progress progress;
  stralloc why;  /* of the last look */
  stralloc said; /* by the runner, last */
};

/* entries_add(): 0, or -1 without memory. */
int entries_add(struct entries *list, const char *folder, const char *name);
void entries_free(struct entries *list);

/* check_look(): c->why says what is wrong. */
enum fault check_look(struct check *c, const struct entry *e);

/* check_mend(): NULL, or why that did not work; *what says what was done. */
const char *check_mend(struct check *c, const struct entry *e, enum fault f, const char **what);

#endif
