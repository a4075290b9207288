/* folder.h - folders of a Maildir (Maildir++)
 *
 * Folder a/b of ./Maildir/ is ./Maildir/.a.b/: a Maildir with a file
 * "maildirfolder" in it.  In a name '/' and '.' both divide, and what is not
 * ASCII is written as IMAP servers do (lib/mutf7.h).
 *
 * Extensions are hostile: a sender chooses them.  They may hold ASCII letters,
 * digits, '-', '_', single dots in between, and any UTF-8 that is not ASCII,
 * and mean neither "inbox" nor "trash", which counts for no quota.
 */
#ifndef OWL_LOCAL_STORE_FOLDER_H
#define OWL_LOCAL_STORE_FOLDER_H

#include "local/verdict.h"

enum {
  FOLDER_NAME_MAX = 200,    /* octets of the folder's name on the disk, its dot not counted */
  FOLDER_ENTRIES_MAX = 10000 /* of a Maildir that are looked through for one */
};

/* folder_fault(): NULL when a folder may have this name (UTF-8, hostile), or
 * what is wrong with it. */
const char *folder_fault(struct text name);

/* folder_path(): where it is, ended by '/' and a NUL; maildir ends with '/'; the
 * name is without fault.  0, or -1 without memory. */
int folder_path(stralloc *path, const char *maildir, struct text name);

/* folder_find(): 1: *path is the folder that this extension means, which is
 * there.  The very name comes first, then any that differs in ASCII case.  0:
 * *path is where it would be made, when may_exist is more than the number of
 * folders there are; else empty, as it is when the extension can mean none.
 * -1: *v is the deferral. */
int folder_find(stralloc *path, const char *maildir, struct text ext, uint64_t may_exist,
                struct verdict *v);

#endif
