/* injector.h - put a message into the queue through owl-queue, or through
 * QMAILQUEUE when the environment names a program (owl-queue(8)), or through
 * owl-queued(8)
 *
 * The program gets the message on descriptor 0 and the classic envelope on
 * descriptor 1.  What the classic envelope cannot say travels on a memory file
 * whose number is in OWLPOST_ENVELOPE (owlpost-queue(5)); a filter that loses
 * it loses only that.  Descriptor 4 and the one named by ERROR_FD (default 6)
 * take a refusal's text.
 *
 * A receiver may say in the extra envelope when the message arrived, which is
 * its number in the log.  A filter that starts owl-queue twice hands on that
 * file twice: the number goes to the first, which marks the file
 * (lib/claim.h).
 */
#ifndef OWL_INJECTOR_H
#define OWL_INJECTOR_H

#include <sys/types.h>
#include "lib/envelope.h"
#include "lib/exitcode.h"

#define INJECTOR_ENVELOPE_VARIABLE "OWLPOST_ENVELOPE"

struct injector {
  pid_t pid;       /* -1: a ready one */
  int door;        /* to a ready one, or -1 */
  int message_fd;  /* write the message here, LF line ends; -1 after injector_end_message() */
  int envelope_fd;
  int error_fd;    /* the refusal's text comes from here */
  int extra_fd;    /* the memory file */
  stralloc text;   /* that text, cleaned, after injector_finish() */
  bool arrival_taken; /* after injector_finish(): the queue uses the envelope's arrival */
  pid_t queued_by; /* after injector_finish(): the process, as the queue's log names it */
};

/* injector_start(): starts the program.  0, or -1 with errno; then nothing is
 * left to free.  SIGPIPE must be ignored by the caller, and nobody else may
 * wait for the program's end. */
int injector_start(struct injector *i, const struct envelope *e);

/* injector_start_ready(): the same, but takes one of those that wait at the socket
 * (owl-queued(8)), if any do, and the environment names no program; socket may be NULL. */
int injector_start_ready(struct injector *i, const struct envelope *e, const char *socket);

/* injector_end_message(): closes message_fd.  Whoever else holds the write end
 * (a talker) must have closed it too. */
void injector_end_message(struct injector *i);

/* injector_finish(): writes the whole envelope, waits for the program and
 * returns its exit code (lib/injectorreply.h); 81 for a death by signal, or for
 * an exit 0 although the envelope could not be written.  Only after 0 does the
 * message exist.  An envelope with a control octet in an address is not
 * written.  A refusal's text is awaited for at most a second after the exit; of
 * what a program writes there, a pipe's worth is kept. */
int injector_finish(struct injector *i, const struct envelope *e);

/* injector_abort(): no message comes of it; waits for the program's end.  The
 * exit code, and text, tell why a program ended before its time. */
int injector_abort(struct injector *i);

void injector_free(struct injector *i);

#endif
