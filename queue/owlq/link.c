#include "config.h"
#include "queue/owlq/link.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/unixsock.h"
#include "queue/owlq/owlq.h"

/* A runner that syncs to a slow disk takes its time. */
enum { ANSWER_MS = 5 * 60 * 1000 };

int link_open(struct link *l, struct control *c) {
  stralloc path = {0};
  *l = (struct link){.sock = -1, .reader = {.protocol = &ctl_protocol, .no_descriptors = true}};
  if (control_text(c, CONTROL_RUNDIR, &path) == 0 && stralloc_cats(&path, "/control/socket") &&
      stralloc_0(&path))
    l->sock = unixsock_connect(path.s);
  int saved = errno;
  stralloc_free(&path);
  errno = saved;
  return l->sock == -1 ? -1 : 0;
}

int link_send_payload(struct link *l, unsigned type, struct text payload) {
  int r = frame_send(l->sock, &ctl_protocol, type, payload, -1, ANSWER_MS);
  if (r == -1) owlq_complain("the runner", strerror(errno));
  return r;
}

int link_send(struct link *l, unsigned type, const struct ctl_request *request) {
  stralloc payload = {0};
  int r = ctl_put_request(&payload, request);
  if (r == -1) owlq_complain("the runner", strerror(errno));
  if (r == 0) r = link_send_payload(l, type, text_of_stralloc(&payload));
  stralloc_free(&payload);
  return r;
}

int link_receive_frame(struct link *l, struct frame *f) {
  struct ctl_reply reply;
  if (frame_receive(&l->reader, l->sock, f, ANSWER_MS) != FRAME_READY)
    return owlq_complain("the runner", "no answer that makes sense"), -1;
  if (f->type != CTL_ERROR) return 0;
  bool whole = ctl_read_reply(&reply, f->payload) == 0;
  fprintf(stderr, "owlq: %.*s\n", whole ? (int)reply.text.len : 0, whole && reply.text.s ? reply.text.s : "");
  return -1;
}

int link_receive(struct link *l, struct ctl_reply *reply) {
  struct frame f;
  if (frame_receive(&l->reader, l->sock, &f, ANSWER_MS) != FRAME_READY ||
      ctl_read_reply(reply, f.payload) == -1)
    return owlq_complain("the runner", "no answer that makes sense"), -1;
  if (f.type == CTL_OK) return 0;
  fprintf(stderr, "owlq: %.*s\n", (int)reply->text.len, reply->text.s ? reply->text.s : "");
  return -1;
}

void link_close(struct link *l) {
  if (l->sock >= 0) close(l->sock);
  frame_reader_free(&l->reader);
}
