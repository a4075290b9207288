/* verdict.h - why something is not delivered, on its way to the runner
 *
 * Zeroed at first; owns its text.  The setters return -1 (success: 0), so that a
 * function can end with them; without memory the text is cut.  Parts may hold any octet
 * and are cleaned.
 */
#ifndef OWL_LOCAL_VERDICT_H
#define OWL_LOCAL_VERDICT_H

#include "lib/fact.h"
#include "lib/result.h"

enum { VERDICT_TEXT_MAX = 1024 };

struct verdict {
  enum result_class class;
  const char *status; /* RFC 3463; a constant */
  stralloc text;
  struct facts *facts; /* NULL, or who wants to know what was looked at on the way */
};

int verdict_defer(struct verdict *v, const char *status, const char *text, const char *object);
int verdict_fail(struct verdict *v, const char *status, const char *text, const char *object);

/* verdict_unknown(): for explanations: it could not be found out. */
int verdict_unknown(struct verdict *v, const char *text, const char *object);

int verdict_succeed(struct verdict *v, const char *text);

/* verdict_defer_errno(): the text ends with the reason in errno.  A full disk
 * or quota has a status of its own. */
int verdict_defer_errno(struct verdict *v, const char *text, const char *object);

/* verdict_copy(): takes a result whose texts belong to somebody else; its
 * status must be a constant's. */
int verdict_copy(struct verdict *v, const struct result *r);

/* verdict_result(): views into v. */
struct result verdict_result(const struct verdict *v);

void verdict_free(struct verdict *v);

#endif
