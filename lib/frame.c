#include "config.h"
#include "lib/frame.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/bigendian.h"
#include "lib/iofd.h"
#include "lib/passfd.h"

enum { CHUNK_OCTETS = 65536 };

union control {
  struct cmsghdr align;
  char octets[CMSG_SPACE(sizeof(int) * FRAME_DESCRIPTORS_MAX)];
};

static int encode(stralloc *out, const struct frame_protocol *p, unsigned type, struct text payload,
                  bool descriptor) {
  char head[FRAME_HEAD_OCTETS];
  if (payload.len > p->max || type > 255) return errno = EMSGSIZE, -1;
  put_u32(head, (uint32_t)payload.len);
  head[4] = p->id;
  head[5] = (char)p->version;
  head[6] = descriptor ? FRAME_HAS_DESCRIPTOR : 0;
  head[7] = (char)type;
  if (!stralloc_catb(out, head, sizeof head) || text_cat(out, payload) == -1)
    return errno = ENOMEM, -1;
  return 0;
}

int frame_queue(struct frame_writer *w, const struct frame_protocol *p, unsigned type,
                struct text payload, int fd) {
  size_t at = w->out.len;
  if (fd >= 0 && w->passing_count == FRAME_DESCRIPTORS_MAX) return errno = EMFILE, -1;
  if (encode(&w->out, p, type, payload, fd >= 0) == -1) {
    w->out.len = at;
    return -1;
  }
  if (fd >= 0) {
    w->passing[w->passing_count].at = at;
    w->passing[w->passing_count++].fd = fd;
  }
  return 0;
}

static void passed(struct frame_writer *w) {
  close(w->passing[0].fd);
  w->passing_count--;
  memmove(w->passing, w->passing + 1, w->passing_count * sizeof w->passing[0]);
}

/* Drops what was sent, so that a writer that is never empty does not grow. */
static void drop_sent(struct frame_writer *w) {
  if (w->sent == 0) return;
  w->out.len -= w->sent;
  memmove(w->out.s, w->out.s + w->sent, w->out.len);
  for (unsigned i = 0; i < w->passing_count; i++) w->passing[i].at -= w->sent;
  w->sent = 0;
}

int frame_flush(struct frame_writer *w, int sock) {
  while (w->sent < w->out.len) {
    size_t end = w->out.len;
    int fd = -1;
    if (w->passing_count) {
      if (w->passing[0].at == w->sent) fd = w->passing[0].fd;
      /* a descriptor goes with the first octet of a call: stop before the next one */
      unsigned next = fd >= 0;
      if (next < w->passing_count) end = w->passing[next].at;
    }
    ssize_t n = passfd_send(sock, w->out.s + w->sent, end - w->sent, fd);
    if (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK) return -1;
    if (n == -1) break;
    if (fd >= 0) passed(w);
    w->sent += (size_t)n;
  }
  if (w->sent >= w->out.len - w->sent) drop_sent(w); /* never costs more than was sent */
  return 0;
}

bool frame_pending(const struct frame_writer *w) { return w->sent < w->out.len; }

void frame_writer_free(struct frame_writer *w) {
  while (w->passing_count) passed(w);
  stralloc_free(&w->out);
  *w = (struct frame_writer){0};
}

int frame_send(int sock, const struct frame_protocol *p, unsigned type, struct text payload, int fd,
               int limit_ms) {
  stralloc out = {0};
  size_t sent = 0;
  uint64_t deadline = io_deadline(limit_ms);
  int r = encode(&out, p, type, payload, fd >= 0);
  while (r == 0 && sent < out.len) {
    ssize_t n = passfd_send(sock, out.s + sent, out.len - sent, sent ? -1 : fd);
    if (n >= 0)
      sent += (size_t)n;
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      r = io_wait(sock, POLLOUT, io_remaining_ms(deadline));
    else
      r = -1;
  }
  int saved = errno;
  if (out.s) explicit_bzero(out.s, out.a); /* it may have been a password */
  stralloc_free(&out);
  errno = saved;
  return r;
}

static void drop_used(struct frame_reader *r) {
  if (r->used == 0) return;
  r->in.len -= r->used;
  memmove(r->in.s, r->in.s + r->used, r->in.len);
  r->used = 0;
}

static enum frame_status end(const struct frame_reader *r) {
  return r->in.len ? FRAME_MALFORMED : FRAME_EOF;
}

static enum frame_status fill(struct frame_reader *r, int sock) {
  union control control;
  drop_used(r);
  size_t step = r->step_octets ? r->step_octets : CHUNK_OCTETS;
  if (!stralloc_readyplus(&r->in, step)) return errno = ENOMEM, FRAME_ERROR;
  struct iovec v = {r->in.s + r->in.len, step};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
  if (!r->no_descriptors) { /* without room the kernel drops them and says so */
    m.msg_control = control.octets;
    m.msg_controllen = sizeof control.octets;
  }
  ssize_t n;
  do n = recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n == -1 && errno == EINTR);
  /* the peer closed with octets of ours unread; all that it sent has been read */
  if (n == -1 && errno == ECONNRESET) return end(r);
  if (n == -1) return errno == EAGAIN || errno == EWOULDBLOCK ? FRAME_AGAIN : FRAME_ERROR;
  /* a peer with more of them under way than it may have is given up */
  if (!passfd_keep(&m, r->fds, &r->fd_count, FRAME_DESCRIPTORS_MAX)) return FRAME_MALFORMED;
  if (n == 0) return end(r);
  r->in.len += (size_t)n;
  return FRAME_READY;
}

static enum frame_status take(struct frame_reader *r, struct frame *f) {
  size_t waiting = r->in.len - r->used;
  if (waiting < FRAME_HEAD_OCTETS) return FRAME_AGAIN;
  const char *head = r->in.s + r->used;
  uint32_t len = get_u32(head);
  bool descriptor = head[6] & FRAME_HAS_DESCRIPTOR;
  if (head[4] != r->protocol->id || (unsigned char)head[5] != r->protocol->version)
    return FRAME_MALFORMED;
  if (len > r->protocol->max || head[6] & ~FRAME_HAS_DESCRIPTOR) return FRAME_MALFORMED;
  if (waiting - FRAME_HEAD_OCTETS < len) return FRAME_AGAIN;
  if (descriptor && r->fd_count == 0) return FRAME_MALFORMED;
  f->type = (unsigned char)head[7];
  f->payload = (struct text){head + FRAME_HEAD_OCTETS, len};
  f->fd = descriptor ? r->fds[0] : -1;
  if (descriptor) memmove(r->fds, r->fds + 1, --r->fd_count * sizeof r->fds[0]);
  r->used += FRAME_HEAD_OCTETS + len;
  return FRAME_READY;
}

enum frame_status frame_poll(struct frame_reader *r, int sock, struct frame *f) {
  for (;;) {
    enum frame_status s = take(r, f);
    if (s != FRAME_AGAIN) return s;
    s = fill(r, sock);
    if (s != FRAME_READY) return s;
  }
}

enum frame_status frame_receive(struct frame_reader *r, int sock, struct frame *f, int limit_ms) {
  uint64_t deadline = io_deadline(limit_ms);
  for (;;) {
    enum frame_status s = frame_poll(r, sock, f);
    if (s != FRAME_AGAIN) return s;
    if (io_wait(sock, POLLIN, io_remaining_ms(deadline)) == -1)
      return errno == ETIMEDOUT ? FRAME_AGAIN : FRAME_ERROR;
  }
}

void frame_reader_free(struct frame_reader *r) {
  while (r->fd_count) close(r->fds[--r->fd_count]);
  stralloc_free(&r->in);
  r->in = (stralloc){0};
  r->used = 0;
}
