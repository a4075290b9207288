#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/ctl.h"
#include "lib/exitcode.h"
#include "lib/unixsock.h"
#include "queue/owlq/owlq.h"

enum { ANSWER_MS = 60 * 1000 };

static int connect_runner(struct control *c) {
  stralloc path = {0};
  int sock = -1;
  if (control_text(c, CONTROL_RUNDIR, &path) == 0 && stralloc_cats(&path, "/control/socket") &&
      stralloc_0(&path))
    sock = unixsock_connect(path.s);
  stralloc_free(&path);
  return sock;
}

static void print_status(const struct ctl_reply *r) {
  printf("local deliveries: %llu of %llu\nremote deliveries: %llu of %llu\n"
         "active messages: %llu\nwaiting messages: %llu\n",
         (unsigned long long)r->local_running, (unsigned long long)r->local_limit,
         (unsigned long long)r->remote_running, (unsigned long long)r->remote_limit,
         (unsigned long long)r->active, (unsigned long long)r->waiting);
}

static int send_request(int sock, unsigned type, const struct ctl_request *request) {
  stralloc payload = {0};
  int r = ctl_put_request(&payload, request);
  if (r == 0) r = frame_send(sock, &ctl_protocol, type, text_of_stralloc(&payload), -1, ANSWER_MS);
  stralloc_free(&payload);
  return r;
}

static int take_answer(int sock, unsigned type) {
  struct frame_reader reader = {.protocol = &ctl_protocol};
  struct frame f;
  struct ctl_reply reply;
  int code = TOOL_SYSTEM;
  if (frame_receive(&reader, sock, &f, ANSWER_MS) != FRAME_READY || ctl_read_reply(&reply, f.payload) == -1)
    owlq_complain("the runner", "no answer that makes sense");
  else if (f.type == CTL_ERROR)
    fprintf(stderr, "owlq: %.*s\n", (int)reply.text.len, reply.text.s ? reply.text.s : "");
  else {
    if (type == CTL_STATUS) print_status(&reply);
    code = TOOL_OK;
  }
  frame_reader_free(&reader);
  return code;
}

static unsigned type_of(const char *name) {
  static const struct {
    const char *name;
    unsigned type;
  } types[] = {{"status", CTL_STATUS}, {"flush", CTL_FLUSH}, {"retry", CTL_RETRY}};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(types[i].name, name) == 0) return types[i].type;
  return CTL_RESCAN;
}

int owlq_ctl(struct control *c, int argc, char **argv) {
  unsigned type = type_of(argv[0]);
  struct ctl_request request = {TEXT_ABSENT};
  if (argc != (type == CTL_RETRY ? 2 : 1)) return owlq_usage("status | flush | rescan | retry ID");
  if (type == CTL_RETRY) request.message = text_of(argv[1]);
  if (request.message.len > QUEUEID_LENGTH) return owlq_complain(argv[1], "this is no queue id");
  int sock = connect_runner(c);
  if (sock == -1) return owlq_complain("unable to reach the runner (is owl-start running?)", strerror(errno));
  int code = send_request(sock, type, &request) == 0 ? take_answer(sock, type)
                                                     : owlq_complain("the runner", strerror(errno));
  close(sock);
  return code;
}
