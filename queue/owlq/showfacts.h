/* showfacts.h - facts (lib/fact.h) for the eye, and as JSON
 *
 * A section is what one program found out.  Its lines are hostile: what is
 * shown of them is cleaned.
 */
#ifndef OWL_SHOWFACTS_H
#define OWL_SHOWFACTS_H

#include "queue/owlq/jsonline.h"

struct section {
  const char *name;  /* for JSON, and for who greps */
  const char *title; /* for the eye */
  stralloc lines;
};

void showfacts_text(const struct section *s);

/* showfacts_json(): an array NAME of objects with "fact", "text" and each
 * detail, all strings. */
void showfacts_json(struct jsonline *to, const struct section *s);

#endif
