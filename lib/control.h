/* control.h - the control files: one table for all programs
 *
 * A control file holds one value, or one line per entry.  An absent file means
 * the default of the table; an unreadable or malformed one is an error, never
 * the default.  owlpost-control(5) describes them and is compared with the
 * table by a test.
 */
#ifndef OWL_CONTROL_H
#define OWL_CONTROL_H

#include <stdint.h>
#include "lib/controltable.h"
#include "lib/list.h"

enum { CONTROL_FILE_MAX = 16 * 1024 * 1024 };

struct control {
  stralloc folder; /* NUL-terminated */
  stralloc error;  /* NUL-terminated sentence after a failure */
};

/* control_open(): chooses the folder: OWLPOST_CONTROL from the environment,
 * unless the process is set-id, else the one that was compiled in.  0 or -1. */
int control_open(struct control *c);

/* Each gives the file's value or the default.  0, or -1 with c->error set:
 * unreadable, a control octet, not a number or too great a one, an empty "me".
 * *out is overwritten (control_list(): without being freed).  control_text()
 * ends *out with a NUL that its len does not count; control_list() is for lists
 * and maps. */
int control_text(struct control *c, enum control_name name, stralloc *out);
int control_number(struct control *c, enum control_name name, uint64_t *out);
int control_list(struct control *c, enum control_name name, struct list *out);

/* control_exists(): 1, 0, or -1 with c->error set. */
int control_exists(struct control *c, enum control_name name);

/* control_is_line(): whether the text is these words, up to a NULL, with blanks between.  1, 0,
 * or -1 with c->error set. */
int control_is_line(struct control *c, enum control_name name, char *const *words);

/* control_is_private(): not everybody may read it.  1, as when there is no such
 * file; 0; or -1 with c->error set. */
int control_is_private(struct control *c, enum control_name name);

/* control_fail(): for who finds a value malformed: sets c->error.  -1. */
int control_fail(struct control *c, enum control_name name, const char *reason);

/* control_fail_line(): the same, about a line, of which the log may show the given part.  -1. */
int control_fail_line(struct control *c, enum control_name name, struct text line, const char *reason);

void control_free(struct control *c);

/* Whether paths from the environment may be believed: not in a set-id program. */
bool environment_is_trusted(void);

/* program_path(): where owlpost's own programs lie: OWLPOST_LIBEXEC from the
 * environment, unless the process is set-id, else the compiled-in folder.
 * *out gets folder/name, NUL-terminated.  0, or -1 without memory. */
int program_path(stralloc *out, const char *name);

#endif
