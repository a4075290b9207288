#include "config.h"
#include "queue/ctlserver.h"
#include <sys/socket.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unixsock.h"

/* Requests are tiny and their senders are administrators: the runner waits for
 * one, but not for long. */
enum { REQUEST_MS = 200, BACKLOG = 16, REQUESTS_MAX = 100 };

int ctlserver_open(struct ctlserver *s, struct control *c) {
  stralloc path = {0};
  s->listener = -1;
  if (control_text(c, CONTROL_RUNDIR, &path) == 0 && stralloc_cats(&path, "/control/socket") &&
      stralloc_0(&path))
    s->listener = unixsock_listen(path.s, 0600, BACKLOG);
  stralloc_free(&path);
  return s->listener == -1 ? -1 : io_set_nonblocking(s->listener);
}

static struct ctl_reply status_of(const struct runner *r) {
  return (struct ctl_reply){
    .local_running = dispatch_busy(&r->dispatcher, CHANNEL_LOCAL),
    .local_limit = r->settings.concurrency[CHANNEL_LOCAL],
    .remote_running = dispatch_busy(&r->dispatcher, CHANNEL_REMOTE),
    .remote_limit = r->settings.concurrency[CHANNEL_REMOTE],
    .waiting = waitlist_waiting(&r->waitlist),
    .active = r->active_count,
  };
}

static unsigned fail(struct ctl_reply *reply, const char *why) {
  reply->text = text_of(why);
  return CTL_ERROR;
}

static unsigned retry(struct runner *r, const struct ctl_request *request, struct ctl_reply *reply) {
  struct queueid id;
  if (!queueid_parse(&id, request->message)) return fail(reply, "this is no queue id");
  if (rounds_find(r, &id)) return CTL_OK;
  if (runner_hurry(r, &id)) return CTL_OK;
  return fail(reply, "no such message waits");
}

static unsigned answer(struct runner *r, const struct frame *f, struct ctl_reply *reply) {
  struct ctl_request request;
  if (ctl_read_request(&request, f->payload) == -1) return fail(reply, "malformed request");
  switch (f->type) {
    case CTL_STATUS: *reply = status_of(r); return CTL_OK;
    case CTL_FLUSH: runner_hurry(r, NULL); return CTL_OK;
    case CTL_RETRY: return retry(r, &request, reply);
    case CTL_RESCAN: runner_scan_todo(r); return CTL_OK;
  }
  return fail(reply, "unknown request");
}

static void serve_client(int sock, struct runner *r) {
  struct frame_reader reader = {.protocol = &ctl_protocol};
  struct frame f;
  for (unsigned n = 0; n < REQUESTS_MAX; n++) {
    if (frame_receive(&reader, sock, &f, REQUEST_MS) != FRAME_READY) break;
    struct ctl_reply reply = {0};
    stralloc payload = {0};
    if (f.fd >= 0) close(f.fd);
    unsigned type = answer(r, &f, &reply);
    int sent = ctl_put_reply(&payload, &reply);
    if (sent == 0)
      sent = frame_send(sock, &ctl_protocol, type, text_of_stralloc(&payload), -1, REQUEST_MS);
    stralloc_free(&payload);
    if (sent == -1) break;
  }
  frame_reader_free(&reader);
}

void ctlserver_serve(struct ctlserver *s, struct runner *r) {
  int sock = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
  if (sock == -1) return;
  serve_client(sock, r);
  close(sock);
}
