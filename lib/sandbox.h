/* sandbox.h - shut a process in before it reads a hostile octet
 *
 * After sandbox_enter() the process can use the descriptors that it holds,
 * memory, and the clock: nothing else.  No new privileges, an empty Landlock
 * ruleset where the kernel has Landlock, limits that forbid processes, files
 * and new descriptors, and a seccomp allow-list (the fence: without it the
 * call fails).
 */
#ifndef OWL_SANDBOX_H
#define OWL_SANDBOX_H

/* 0, or -1 with errno; *step then names what failed, for the log. */
int sandbox_enter(const char **step);

/* sandbox_close_others(): closes every descriptor but those of the list. */
void sandbox_close_others(const int *keep, unsigned count);

#endif
