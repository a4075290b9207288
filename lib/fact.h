/* fact.h - what a program finds out about an address, one line a fact
 *
 * For owlq explain: the code that decides notes what it looks at, and why it
 * goes which way, so that what is explained is what is done.  Nobody else asks
 * for facts: f is NULL then, and every call returns at once.
 *
 * A line is the fact's kind, a TAB and a sentence; then, for each detail, a
 * TAB, its name, '=' and its value.  Octets that come from elsewhere are
 * cleaned, so that none is a TAB or ends the line.  What cannot be stored for
 * want of memory is left out.
 */
#ifndef OWL_FACT_H
#define OWL_FACT_H

#include <stdint.h>
#include "lib/result.h"

struct facts {
  int fd;         /* each line is written there at once; -1: they are kept */
  stralloc lines; /* owned */
};

/* In this order: the kind; parts of the sentence; details; the end. */
void fact_begin(struct facts *f, const char *kind);
void fact_s(struct facts *f, const char *ours);
void fact_t(struct facts *f, struct text theirs);
void fact_u(struct facts *f, uint64_t number);
void fact_detail(struct facts *f, const char *name, struct text value);
void fact_detail_u(struct facts *f, const char *name, uint64_t value);
void fact_end(struct facts *f);

/* fact_say(): a fact without details: ours, then theirs. */
void fact_say(struct facts *f, const char *kind, const char *ours, struct text theirs);

/* fact_outcome(): the fact "result", with the details outcome (success,
 * deferral, failure), status, and code where there is one. */
void fact_outcome(struct facts *f, const struct result *r);

/* ---- the other side */

/* fact_next(): takes the first line off *rest; *kind and *sentence are views,
 * *details what follows the sentence.  A line without a TAB has no kind: it is
 * what a program says outside its facts, all of it the sentence.  The octets
 * are hostile (a user's process may have written them): clean what is shown.
 * false at the end. */
bool fact_next(struct text *rest, struct text *kind, struct text *sentence, struct text *details);

/* fact_next_detail(): takes the first one off *details.  false at the end. */
bool fact_next_detail(struct text *details, struct text *name, struct text *value);

/* fact_find_detail(): absent when there is none of this name. */
struct text fact_find_detail(struct text details, const char *name);

#endif
