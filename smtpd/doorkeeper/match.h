/* match.h - is a name or an address among the lines of a control file?
 *
 * For the lists of what is refused.  Case is ignored.  A line is an address or
 * a name; "@domain", for every address there; ".domain", for everything below a
 * domain; or any of them with '*', which stands for octets of any number: then
 * it is compared with the whole.  Names and addresses are hostile.
 */
#ifndef OWL_MATCH_H
#define OWL_MATCH_H

#include "lib/fact.h"
#include "lib/list.h"

/* Each gives the line that matches, or NULL. */
const struct list_line *match_address(const struct list *l, struct text address);
const struct list_line *match_name(const struct list *l, struct text name);

/* match_pattern(): whether '*' in pattern can stand for what text has there. */
bool match_pattern(struct text pattern, struct text text);

/* match_note(): the fact that file has the line, or none for what was wanted.
 * Whether there is a line. */
bool match_note(struct facts *f, const char *file, const struct list_line *line, struct text wanted);

#endif
