/* sandbox.h - shut a process in before it reads a hostile octet
 *
 * After sandbox_enter() the process can use the descriptors that it holds,
 * those that are passed to it, memory, and the clock: nothing else.  No new
 * privileges, an empty Landlock ruleset where the kernel has Landlock, limits
 * that forbid processes and files, and a seccomp allow-list (the fence:
 * without it the call fails).  A call that is not on the list kills the
 * process.
 *
 * The list is in lib/sandbox_filter_gen.c: read, readv, pread, write, writev,
 * recvmsg, sendmsg, poll, ppoll, shutdown, close, exit, anonymous memory that
 * is not executable, the clock, random numbers for malloc().  Not on it are
 * fcntl, setsockopt, sigaction, kill, open, socket, and recv() and send():
 * whatever needs them is done before.  Standard I/O is not to be used after.
 */
#ifndef OWL_SANDBOX_H
#define OWL_SANDBOX_H

/* AddressSanitizer needs more calls: with it the list is longer, and opening a
 * file fails where it otherwise kills. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

/* Descriptors numbered from here on can no longer be had, also not by being
 * passed; those that are open stay usable. */
enum { SANDBOX_DESCRIPTORS_MAX = 16 };

/* 0, or -1 with errno; *step then names what failed, for the log. */
int sandbox_enter(const char **step);

/* sandbox_forbid_files(): the Landlock part alone; needs no_new_privs.  1, 0
 * where the kernel has no Landlock, or -1. */
int sandbox_forbid_files(void);

/* sandbox_close_others(): closes every descriptor but those of the list. */
void sandbox_close_others(const int *keep, unsigned count);

#endif
