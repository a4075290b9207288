/* subfolder.h - open a folder within another one, made where it is not; plain C
 *
 * subfolder_enter(): the folder gets the mode 0700.  No link is followed.  A
 * descriptor, or -1 with errno.
 */
#ifndef OWL_SUBFOLDER_H
#define OWL_SUBFOLDER_H

int subfolder_enter(int at, const char *name);

#endif
