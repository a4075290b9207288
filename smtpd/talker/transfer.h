/* transfer.h - a message on its way from the client to the pipe
 *
 * What is wrong with a message is told at its end, with DATA, or at the end of
 * the chunk that has it, with BDAT: every octet that belongs to the message is
 * read first, so that client and server stay in step.  A pipe that breaks is
 * no end of the session: the injector's exit code tells the client why.
 */
#ifndef OWL_TRANSFER_H
#define OWL_TRANSFER_H

#include "smtpd/talker/channel.h"
#include "smtpd/talker/complete.h"
#include "smtpd/talker/data.h"
#include "smtpd/talker/reply.h"

struct talker;

struct transfer {
  struct data data;
  struct complete complete;
  bool too_large, pipe_broken;
  uint64_t stored; /* octets that went into the pipe */
};

/* transfer_store(): what data_decode() or data_finish() made, into the pipe.  0,
 * or -1 with errno: the session ends.
 * transfer_verdict(): 250, or what is wrong with the message that was read. */
int transfer_store(struct transfer *x, const struct channel *c, int pipe, uint64_t databytes,
                   struct text decoded);
struct reply transfer_verdict(const struct transfer *x, uint64_t maxhops);

/* Each leaves in *r what the client is to be told, and ends the transaction
 * where the message has come to an end, good or bad.  0, or -1 with errno: the
 * session ends. */

/* transfer_data(): after NEXT_DATA, the data up to CRLF.CRLF. */
int transfer_data(struct talker *t, struct reply *r);

/* transfer_chunk(): after NEXT_CHUNK, the octets of session.bdat.  *r is the
 * reply to the BDAT command: where it refuses, the octets are dropped. */
int transfer_chunk(struct talker *t, struct reply *r);

#endif
