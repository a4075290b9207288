/* frame.h - typed, versioned, length-checked messages on a stream socket
 *
 * A frame is a head of 8 octets and a payload of TLV items (lib/tlv.h):
 *
 *   u32 length of the payload | u8 protocol | u8 version | u8 flags | u8 type
 *
 * Flag 1 says that one descriptor belongs to the frame; it is passed with
 * SCM_RIGHTS.  A frame of another protocol or version, or longer than the
 * protocol's max, is malformed: the reader gives up the connection.  What
 * comes in is hostile.
 */
#ifndef OWL_FRAME_H
#define OWL_FRAME_H

#include <stdint.h>
#include "lib/text.h"

enum { FRAME_HEAD_OCTETS = 8, FRAME_HAS_DESCRIPTOR = 1, FRAME_DESCRIPTORS_MAX = 4 };

struct frame_protocol {
  char id;
  unsigned char version;
  uint32_t max; /* octets of payload */
};

struct frame {
  unsigned type;
  struct text payload; /* valid until the reader is used again */
  int fd;              /* -1, or a descriptor (close-on-exec) that now is the caller's */
};

/* ---- sending */

/* frame_send(): a whole frame within limit_ms.  fd -1: none.  The caller keeps
 * fd.  0, or -1 with errno: EMSGSIZE (over the max) and ENOMEM leave the
 * connection as it was; after others part of the frame may have gone, and it
 * is of no more use.  Never raises SIGPIPE. */
int frame_send(int sock, const struct frame_protocol *p, unsigned type, struct text payload, int fd,
               int limit_ms);

/* A queue of frames for a socket that must not be waited for. */
struct frame_writer {
  stralloc out;
  size_t sent;
  struct {
    size_t at; /* offset in out of the frame that it belongs to */
    int fd;
  } passing[FRAME_DESCRIPTORS_MAX];
  unsigned passing_count;
};

/* frame_queue(): adds a frame.  On success the writer owns fd.  0, or -1 with
 * errno: EMSGSIZE, ENOMEM, or EMFILE when FRAME_DESCRIPTORS_MAX descriptors
 * wait already; then nothing has changed. */
int frame_queue(struct frame_writer *w, const struct frame_protocol *p, unsigned type,
                struct text payload, int fd);

/* frame_flush(): sends what goes without waiting.  0: see frame_pending();
 * -1 with errno: the peer is gone. */
int frame_flush(struct frame_writer *w, int sock);
bool frame_pending(const struct frame_writer *w);
void frame_writer_free(struct frame_writer *w);

/* ---- receiving */

/* Zeroed but for protocol (and no_descriptors, step_octets) before its first use. */
struct frame_reader {
  const struct frame_protocol *protocol;
  bool no_descriptors; /* a frame that brings one is malformed: for peers that have none to give */
  size_t step_octets;  /* most that is read at once; 0: 65536.  For processes that are many */
  stralloc in;
  size_t used; /* octets at the start of in that earlier frames took */
  int fds[FRAME_DESCRIPTORS_MAX];
  unsigned fd_count;
};

enum frame_status {
  FRAME_READY,
  FRAME_AGAIN, /* nothing whole yet; frame_receive(): time ran out */
  FRAME_EOF,   /* closed between frames, or reset after the last whole one */
  FRAME_MALFORMED, /* also: closed within a frame, descriptor missing or too many */
  FRAME_ERROR  /* errno */
};

/* frame_poll(): the next frame without waiting. */
enum frame_status frame_poll(struct frame_reader *r, int sock, struct frame *f);

/* frame_receive(): the next frame, whole within limit_ms. */
enum frame_status frame_receive(struct frame_reader *r, int sock, struct frame *f, int limit_ms);

void frame_reader_free(struct frame_reader *r);

#endif
