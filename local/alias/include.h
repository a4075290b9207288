/* include.h - a file of values that an alias or .forward file includes
 *
 * Read as the user who delivers.  Only a regular file counts, no symbolic link,
 * that belongs to root or to him, and that neither its group nor others can
 * write to; everything else is a deferral, and so is a mistake in it.
 */
#ifndef OWL_LOCAL_ALIAS_INCLUDE_H
#define OWL_LOCAL_ALIAS_INCLUDE_H

#include "local/verdict.h"

/* aliasinclude_read(): appends the file's values (local/alias/value.h).  0, or -1
 * with *v. */
int aliasinclude_read(stralloc *values, const char *path, struct verdict *v);

/* aliasinclude_parse(): those of a file's octets; name is for messages. */
int aliasinclude_parse(stralloc *values, struct text octets, const char *name, struct verdict *v);

#endif
