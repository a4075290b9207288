/* What a hostile peer sends, in pieces and with descriptors at strange places:
 * the first octet chooses the size of the pieces, the second which of them
 * bring a descriptor. */
#include "config.h"
#include "lib/frame.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/fuzz.h"
#include "lib/unixsock.h"

static const struct frame_protocol protocol = {'F', 1, 1000};

/* fd is passed when it is not -1. */
static void send_piece(int sock, struct text piece, int fd) {
  union {
    struct cmsghdr align;
    char octets[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec v = {(void *)(uintptr_t)piece.s, piece.len};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
  if (fd >= 0) {
    memset(&control, 0, sizeof control);
    m.msg_control = control.octets;
    m.msg_controllen = sizeof control.octets;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
  }
  check(sendmsg(sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0);
}

/* Every frame that is there.  True while more may come. */
static bool take_frames(struct frame_reader *r, int sock) {
  struct frame f;
  enum frame_status s;
  while ((s = frame_poll(r, sock, &f)) == FRAME_READY) {
    check(f.payload.len <= protocol.max && f.type <= 255);
    check(r->fd_count <= FRAME_DESCRIPTORS_MAX);
    if (f.fd >= 0) close(f.fd);
  }
  check(s == FRAME_AGAIN || s == FRAME_MALFORMED || s == FRAME_EOF);
  return s == FRAME_AGAIN;
}

static bool send_pieces(struct frame_reader *r, int pair[2], int fd, struct text input) {
  size_t step = fuzz_choice(&input) % 64 + 1;
  unsigned descriptors = fuzz_choice(&input);
  for (unsigned i = 0; input.len; i++) {
    struct text piece = {input.s, input.len < step ? input.len : step};
    send_piece(pair[0], piece, descriptors >> i % 8 & 1 ? fd : -1);
    if (!take_frames(r, pair[1])) return false;
    input = (struct text){input.s + piece.len, input.len - piece.len};
  }
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text input = fuzz_input(octets, size);
  struct frame_reader r = {.protocol = &protocol, .no_descriptors = size % 5 == 0};
  int pair[2], lowest = dup(0);
  check(lowest >= 0 && unixsock_pair(pair) == 0);
  bool more = send_pieces(&r, pair, lowest, input);
  close(pair[0]);
  if (more) check(!take_frames(&r, pair[1]));
  frame_reader_free(&r);
  close(pair[1]);
  close(lowest);
  int again = dup(0); /* a descriptor that leaked keeps a lower place */
  check(again == lowest);
  close(again);
  return 0;
}
