/* value.h - what an alias stands for: one list of values (owlpost-aliases(5))
 *
 * A list as it is written, "joe, |/bin/x, :include:/l", becomes octets that
 * need no more parsing: of each value its kind, its text and a NUL.  The
 * database of aliases stores them so.  What is written is hostile (.forward and
 * included files are users'), and so is a database until it has been checked.
 */
#ifndef OWL_LOCAL_ALIAS_VALUE_H
#define OWL_LOCAL_ALIAS_VALUE_H

#include "lib/text.h"

enum { ALIASVALUE_PATH_MAX = 4000 /* as INSTRUCTION_PATH_MAX */ };

enum aliasvalue_kind {
  ALIASVALUE_ADDRESS = '&', /* local-part@domain, as in lib/address.h */
  ALIASVALUE_NAME = '=',    /* a local-part without domain: an alias, or somebody here */
  ALIASVALUE_FINAL = '\\',  /* the same, but no alias: its text lacks the backslash */
  ALIASVALUE_PROGRAM = '|',
  ALIASVALUE_FILE = '/',    /* an absolute path; a Maildir when it ends with '/' */
  ALIASVALUE_INCLUDE = ':'  /* the absolute path of a file of further values */
};

struct aliasvalue {
  enum aliasvalue_kind kind;
  struct text text; /* followed by a NUL, and holds none */
};

struct aliasfault {
  const char *why; /* a constant */
  struct text at;  /* in the source: the value that is wrong */
};

/* aliasvalue_parse(): appends the values of source, which may be none; blanks
 * are spaces, tabs, CR and LF.  0, or -1 with *fault; then out is as before. */
int aliasvalue_parse(stralloc *out, struct text source, struct aliasfault *fault);

/* aliasvalue_name_len(): the octets before the colon of a line, which does not
 * stand in quotes; all of them when there is none. */
size_t aliasvalue_name_len(struct text line);

/* aliasvalue_parse_name(): the one name without domain that stands before the
 * colon of an alias, appended without its quotes.  0, or -1 with *fault. */
int aliasvalue_parse_name(stralloc *out, struct text source, struct aliasfault *fault);

/* aliasvalue_next(): takes the first value off *rest.  1; 0 at the end; -1 when
 * this is no list of values. */
int aliasvalue_next(struct text *rest, struct aliasvalue *value);

/* aliasvalue_lower(): names are looked up in lower case (ASCII). */
void aliasvalue_lower(char *s, size_t len);

#endif
