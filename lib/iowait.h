/* iowait.h - waiting for descriptors, with a time limit; plain C
 *
 * Limits are in milliseconds for the whole call; IO_FOREVER waits without
 * end.  EINTR is handled.  On failure -1 and errno; ETIMEDOUT when the limit
 * ran out.  lib/iofd.h has what needs libowfat.
 */
#ifndef OWL_IOWAIT_H
#define OWL_IOWAIT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { IO_FOREVER = -1 };

/* io_deadline(), io_remaining_ms(): one limit that several calls share. */
uint64_t io_deadline(int limit_ms);
int io_remaining_ms(uint64_t deadline);

/* io_limit_ms(): seconds, as control files give them, as a limit; saturates. */
int io_limit_ms(uint64_t seconds);

/* io_wait(): until one of the poll(2) events is there.  0, or -1. */
int io_wait(int fd, short events, int limit_ms);

/* io_read(): waits, then reads once.  Octets, 0 at the end, or -1. */
ssize_t io_read(int fd, void *to, size_t size, int limit_ms);

/* io_write_all(): all of it.  0, or -1; then part of it may have gone.  With a
 * limit it writes PIPE_BUF octets at a time, so that the limit holds on a
 * descriptor that blocks, too. */
int io_write_all(int fd, const void *octets, size_t len, int limit_ms);

/* io_last_words(): writes them to a client that is not waited for longer than this,
 * ends the stream, and reads what still comes until the client's end: TCP
 * resets a connection with octets unread, and the last words may be lost with that. */
void io_last_words(int in, int out, const void *octets, size_t len, int limit_ms);

int io_set_nonblocking(int fd);

/* io_send_at_once(): what is written to a TCP socket leaves at once, and does not wait
 * until the peer has acknowledged what went before, which takes it 40 ms (TCP_NODELAY).
 * Other descriptors do not wait anyway. */
void io_send_at_once(int fd);
int io_set_cloexec(int fd);

#endif
