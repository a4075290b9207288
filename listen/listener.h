/* listener.h - accepts connections, and gives each a process
 *
 * The process that listens reads control files and accepts; it reads nothing
 * of a client.  A session is a child that it forks and that does not execute
 * a program.  Signals: TERM drains, a second one ends the sessions after the
 * request under way; HUP reads the control files anew; USR2 executes the
 * program anew, with the sockets and the sessions.
 */
#ifndef OWL_LISTENER_H
#define OWL_LISTENER_H

/* listener_run(): addresses: after the last one NULL; none: those of the service's control file.
 * again: what to execute at USR2, as argv.  The program's exit code. */
int listener_run(char **addresses, char **again);

/* listener_check(): whether it could start: the control files are right.  The program's exit
 * code. */
int listener_check(void);

#endif
