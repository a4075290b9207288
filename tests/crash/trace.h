/* trace.h - what is written down
 *
 * TRACE has a line for each event, fields parted by tabs:
 *
 *   microseconds  pid  program  event  argument...
 *
 *   create INODE PATH       a plain file came into being; "-" for an unnamed one
 *   mkdir INODE PATH
 *   link INODE PATH         it got this name
 *   unlink PATH             (a folder, too)
 *   rename FROM TO
 *   write INODE OFFSET LENGTH AT PATH   octets from AT on in TRACE.data
 *   truncate INODE SIZE PATH
 *   sync INODE PATH         fsync or fdatasync of a file or folder
 *   syncfs                  everything
 *   send SOCKET LENGTH AT   octets given to a socket (a number names it)
 *   receive SOCKET LENGTH AT
 *   idle                    the runner waits for events: nothing is left to do
 *   exit CODE               (-1: killed)
 *   unknown CALL PATH       a call that this recorder does not understand
 *
 * Paths are relative to the recorded folder; there is nothing about others.
 */
#ifndef OWL_CRASH_TRACE_H
#define OWL_CRASH_TRACE_H

#include "tests/crash/tracee.h"

/* trace_open(): 0, or -1 with errno.  root is absolute, no symbolic links. */
int trace_open(const char *path, const char *root);
int trace_close(void);

/* trace_relative(): the part of path below the root; NULL: it lies elsewhere. */
const char *trace_relative(const char *path);

/* trace_event(): an event; format makes its arguments. */
void trace_event(const struct tracee *t, const char *name, const char *format, ...)
  __attribute__((format(printf, 3, 4)));

/* trace_memory(): keeps octets of the process; where they are kept. */
uint64_t trace_memory(pid_t pid, uint64_t address, uint64_t len);

/* trace_file(): keeps octets of a file. */
uint64_t trace_file(int fd, uint64_t offset, uint64_t len);

#endif
