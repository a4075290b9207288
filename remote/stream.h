/* stream.h - octets to and from the server, with time limits
 *
 * What goes out is gathered and leaves in one write.  While a write waits for
 * room the server's replies are read, so that two peers that both write cannot
 * wait for each other (RFC 2920 3.1).  The descriptor does not block.
 */
#ifndef OWL_STREAM_H
#define OWL_STREAM_H

#include <stdint.h>
#include "lib/text.h"

enum { STREAM_IN_MAX = 1024 * 1024 }; /* replies read ahead */

/* Who wants to know when the server keeps us waiting: note(context, true) when
 * it has said nothing for limit_ms, note(context, false) when it has after that. */
struct stream_silence {
  int limit_ms; /* 0: nobody */
  void (*note)(void *context, bool silent);
  void *context;
  bool noted;
};

struct stream {
  struct stream_silence silence;
  int fd;
  int watched;  /* -1, or a socket: when its peer is gone nothing goes on */
  int limit_ms; /* of one wait for the server */
  stralloc in, out; /* owned */
  size_t taken;
  bool answered; /* something was read since the last write */
};

enum stream_status {
  STREAM_OK,
  STREAM_CLOSED,
  STREAM_TIMED_OUT,
  STREAM_ABANDONED, /* the watched peer is gone */
  STREAM_FAILED     /* errno */
};

/* stream_open(): takes over the descriptor; memory is kept from before. */
void stream_open(struct stream *s, int fd);
void stream_close(struct stream *s);
void stream_free(struct stream *s);

/* stream_flush(): all of out, within limit_ms. */
enum stream_status stream_flush(struct stream *s);

/* stream_peek(): takes in what has come, without waiting; an error is left for
 * the next who waits. */
void stream_peek(struct stream *s);

/* stream_fill(): waits for more input until the deadline (lib/iofd.h).  Who waits
 * again for the same answer acknowledges at once what has come of it: a server
 * with Nagle's algorithm holds the rest back until then. */
enum stream_status stream_fill(struct stream *s, uint64_t deadline);

/* What has been read; stream_drop() says how much of it is done with. */
struct text stream_unread(const struct stream *s);
void stream_drop(struct stream *s, size_t octets);

/* stream_silence(): for who waits for a server in another way. */
void stream_silence(struct stream_silence *s, bool silent);

/* stream_deadline(): limit_ms from now. */
uint64_t stream_deadline(const struct stream *s);

#endif
