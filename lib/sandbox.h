/* sandbox.h - shut a process in before it reads a hostile octet
 *
 * After sandbox_enter() the process can use the descriptors that it holds,
 * those that are passed to it, memory, and the clock: nothing else.  No new
 * privileges, an empty Landlock ruleset where the kernel has Landlock, limits
 * that forbid processes and files and bound memory and processor time, and a
 * seccomp allow-list (the fence: without it the call fails, unless the caller
 * wants otherwise).  A call that is not on the list kills the process.
 *
 * The list is in lib/sandbox_filter_gen.c: read, pread, write, recvmsg,
 * sendmsg, poll, ppoll, shutdown, close, exit, anonymous memory that
 * is not executable, the clock, random numbers for malloc().  Not on it are
 * fcntl, setsockopt but for TCP_QUICKACK, sigaction, kill, open, socket, and recv() and send():
 * whatever needs them is done before.  Standard I/O is not to be used after.
 */
#ifndef OWL_SANDBOX_H
#define OWL_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

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

struct sandbox {
  /* set by the caller; 0: no limit */
  uint64_t memory_octets; /* of address space; not with AddressSanitizer */
  uint64_t cpu_s;         /* then SIGXCPU */
  unsigned descriptors_max; /* 0: SANDBOX_DESCRIPTORS_MAX */
  bool openssl; /* the list has what OpenSSL cannot do without, too */
  bool may_lack_seccomp;  /* where the kernel has none, go on without */
  const char *step; /* what sandbox_enter() failed at, for the log */
};

/* Whether the kernel has these.  To be asked before sandbox_enter(), after
 * which a log that is a file can no longer be written. */
bool sandbox_has_landlock(void);
bool sandbox_has_seccomp(void);

/* 0, or -1 with errno. */
int sandbox_enter(struct sandbox *s);

/* sandbox_forbid_files(): the Landlock part alone, and no new privileges.  1, 0
 * where the kernel has no Landlock, or -1. */
int sandbox_forbid_files(void);

/* sandbox_forbid_files_outside(): the same, but in this folder and below it files
 * can be read, written, made, renamed and deleted. */
int sandbox_forbid_files_outside(int folder);

/* sandbox_forbid_files_but(): the same, but this file can be read, -1: none, and TCP
 * is left alone: for who asks name servers. */
int sandbox_forbid_files_but(int file);

/* sandbox_forbid_files_but_connect(): the same, but TCP connections to this port
 * can be made. */
int sandbox_forbid_files_but_connect(unsigned port);

/* sandbox_forbid_cores(): no core file of this process or its children, nor a look
 * into their memory but for root, until they start another program: for who is told
 * passwords.  0, or -1 with errno. */
int sandbox_forbid_cores(void);

/* sandbox_close_others(): closes every descriptor but those of the list. */
void sandbox_close_others(const int *keep, unsigned count);

#endif
