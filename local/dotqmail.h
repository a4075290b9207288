/* dotqmail.h - find the .qmail file that an address is delivered by
 *
 * Delivery and the answer to a RCPT question both ask dotqmail_find(), so that
 * no address is refused that would be delivered, nor the other way round.
 * Names are relative to the current folder, which must be the user's home.
 * The extension is hostile: it is lower-cased and its dots become colons, so
 * that it cannot climb out of the home.
 *
 * Only regular files count.  Others are not even opened: nothing can hang.
 */
#ifndef OWL_LOCAL_DOTQMAIL_H
#define OWL_LOCAL_DOTQMAIL_H

#include "local/verdict.h"

enum dotqmail_status {
  DOTQMAIL_FILE,    /* open at fd */
  DOTQMAIL_DEFAULT, /* no extension and no file: the default delivery */
  DOTQMAIL_NONE,    /* an extension without a file: *v is the failure */
  DOTQMAIL_TROUBLE  /* *v is the deferral */
};

struct dotqmail {
  int fd;            /* the caller closes it; -1: none */
  bool forward_only; /* the file has the owner's execute bit */
  stralloc name;     /* NUL-terminated */
  bool by_default;   /* it is a file ...default, which */
  size_t default_at; /* stands for what ext has from here on */
};

/* dotqmail_find(): *d must be zeroed at first; free d->name.  With
 * sticky_matters the home's sticky bit ("being edited") is trouble. */
enum dotqmail_status dotqmail_find(struct dotqmail *d, const char *dash, struct text ext,
                                   bool sticky_matters, struct verdict *v);

/* dotqmail_has(): is there a .qmail file for this extension and suffix?
 * 1, 0, or -1 with the deferral in *v. */
int dotqmail_has(const char *dash, struct text ext, const char *suffix, struct verdict *v);

#endif
