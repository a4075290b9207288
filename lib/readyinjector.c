#include "config.h"
#include "lib/readyinjector.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/injectordoor.h"
#include "lib/iofd.h"
#include "lib/unixsock.h"

/* Its backlog has room, or another injector is started. */
enum { CONNECT_MS = 1, BEGIN_MS = 1000 };

static int begin(int door, const struct envelope *e, int pipe_end) {
  stralloc extra = {0};
  int r = envelope_encode(&extra, e);
  if (r == 0)
    r = frame_send(door, &injectordoor_protocol, INJECTORDOOR_MESSAGE, text_of_stralloc(&extra), pipe_end, BEGIN_MS);
  stralloc_free(&extra);
  return r;
}

int readyinjector_start(struct injector *i, const struct envelope *e, const char *socket) {
  int message[2], door = unixsock_connect_within(socket, CONNECT_MS);
  if (door == -1) return -1;
  if (pipe2(message, O_CLOEXEC) == -1) return close(door), -1;
  int r = begin(door, e, message[0]);
  close(message[0]);
  if (r == 0) {
    *i = (struct injector){.pid = -1, .message_fd = message[1], .envelope_fd = -1, .error_fd = -1, .extra_fd = -1};
    i->door = door;
    return 0;
  }
  close(message[1]);
  close(door);
  return -1;
}

/* Without an answer the message may exist or not, and the code says so. */
static int hear(struct injector *i, int without_answer) {
  struct frame_reader reader = {.protocol = &injectordoor_protocol, .no_descriptors = true, .step_octets = 2048};
  struct injectordoor_answer a;
  struct frame f;
  int code = without_answer;
  if (frame_receive(&reader, i->door, &f, IO_FOREVER) == FRAME_READY && f.type == INJECTORDOOR_ANSWER &&
      injectordoor_read(&a, f.payload) == 0) {
    code = (int)a.code;
    i->queued_by = (pid_t)a.pid;
    i->arrival_taken = a.arrival_taken;
    (void)text_cat(&i->text, a.text);
  }
  frame_reader_free(&reader);
  close(i->door);
  i->door = -1;
  return code;
}

int readyinjector_finish(struct injector *i, struct text classic) {
  bool whole = classic.len && frame_send(i->door, &injectordoor_protocol, INJECTORDOOR_ENVELOPE, classic, -1,
                                         IO_FOREVER) == 0;
  if (!whole) shutdown(i->door, SHUT_WR);
  int code = hear(i, INJECTOR_BUG);
  return code == INJECTOR_OK && !whole ? INJECTOR_BUG : code;
}

int readyinjector_abort(struct injector *i) {
  shutdown(i->door, SHUT_WR);
  return hear(i, INJECTOR_READ_ERROR);
}
