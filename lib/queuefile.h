/* queuefile.h - the one file of a message in the queue (owlpost-queue(5))
 *
 *   message | envelope (lib/envelope.h) | trailer of QUEUEFILE_TRAILER_OCTETS
 *
 * Trailer: u64 octets of the message, u64 octets of the envelope, u32 CRC-32C
 * of the message, u32 CRC-32C of the envelope and of the 20 trailer octets
 * before this field, u16 version, u16 zero, 12 octets of magic.  A file
 * without a valid trailer is no message.
 */
#ifndef OWL_QUEUEFILE_H
#define OWL_QUEUEFILE_H

#include <stdint.h>
#include "lib/envelope.h"

enum { QUEUEFILE_VERSION = 1, QUEUEFILE_TRAILER_OCTETS = 40, QUEUEFILE_ENVELOPE_MAX = 1 << 30 };

/* queuefile_cat_trailer(): what follows the envelope.  0, or -1 without memory. */
int queuefile_cat_trailer(stralloc *out, uint64_t body_octets, uint32_t body_crc,
                          struct text envelope);

enum queuefile_status {
  QUEUEFILE_OK,
  QUEUEFILE_NO_TRAILER,   /* too short, wrong magic, lengths that do not add up */
  QUEUEFILE_BAD_VERSION,
  QUEUEFILE_BAD_CHECKSUM,
  QUEUEFILE_BAD_ENVELOPE, /* also: no sender; there may be no recipients */
  QUEUEFILE_IO_ERROR      /* errno */
};

struct queuefile {
  uint64_t body_octets;
  uint32_t body_crc;
  stralloc octets; /* the envelope, encoded */
  struct envelope envelope; /* views into octets */
};

/* queuefile_read(): trailer and envelope, checked against their checksum; the
 * message itself is not read.  *q must be zeroed or freed before.  After
 * anything but QUEUEFILE_OK it is empty. */
enum queuefile_status queuefile_read(struct queuefile *q, int fd);

/* queuefile_check_body(): reads the message and compares its checksum. */
enum queuefile_status queuefile_check_body(const struct queuefile *q, int fd);

const char *queuefile_explain(enum queuefile_status s);
void queuefile_free(struct queuefile *q);

#endif
