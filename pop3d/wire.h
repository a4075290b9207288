/* wire.h - the client's stream, each call with a time limit
 *
 * Of sockets the kernel keeps the time, so that a reply of any length is one
 * call; other descriptors are waited for first.
 */
#ifndef OWL_POP3D_WIRE_H
#define OWL_POP3D_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct wire {
  int in, out;
  int limit_ms;        /* of a call; not IO_FOREVER */
  bool is_timed;       /* by the kernel */
};

/* wire_begin(): also what is written leaves at once: what waits for another's
 * acknowledgement would wait 40 ms for a client that asks one thing at a time. */
void wire_begin(struct wire *w, int in, int out, int limit_ms);

/* wire_read(): as read().  wire_write(): all of it, 0.  Both -1 with errno, ETIMEDOUT
 * after the limit. */
ssize_t wire_read(const struct wire *w, void *to, size_t size);
int wire_write(const struct wire *w, const char *octets, size_t len);

#endif
