/* movenew.h - a rename that overwrites nothing
 *
 * Where the file system has no such rename, as NFS, it is a link and an unlink; where
 * it has no links either, the name's uniqueness must do.
 */
#ifndef OWL_MOVENEW_H
#define OWL_MOVENEW_H

/* movenew(): both paths are in the folder, which may be AT_FDCWD.  0, or -1 with errno;
 * EEXIST: another file has the name. */
int movenew(int folder, const char *from, const char *to);

#endif
