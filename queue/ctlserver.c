#include "config.h"
#include "queue/ctlserver.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unixsock.h"
#include "queue/node.h"
#include "queue/runnerwhy.h"

/* SYNC_TURNS: so many at most are waited for more that one sync could serve. */
enum { BACKLOG = 16, UNREAD_MAX = 65536, SYNC_TURNS = 64, DEAF_US = 1000000 };

/* ---- clients come and go */

/* Who may enter the folder may connect. */
static const struct {
  const char *path;
  mode_t mode;
} sockets[CTLSERVERS] = {{"/control/socket", 0600}, {"/etrn/socket", 0666}};

int ctlserver_open(struct ctlserver *s, struct control *c, enum ctlserver_kind kind) {
  stralloc path = {0};
  *s = (struct ctlserver){.kind = kind, .listener = -1};
  for (size_t i = 0; i < CTLSERVER_CLIENTS; i++) s->clients[i].sock = -1;
  if (control_text(c, CONTROL_RUNDIR, &path) == 0 && stralloc_cats(&path, sockets[kind].path) &&
      stralloc_0(&path))
    s->listener = unixsock_listen(path.s, sockets[kind].mode, BACKLOG);
  stralloc_free(&path);
  return s->listener == -1 ? -1 : io_set_nonblocking(s->listener);
}

static void hang_up(struct ctlclient *c) {
  close(c->sock);
  frame_reader_free(&c->reader);
  frame_writer_free(&c->writer);
  stralloc_free(&c->messages);
  stralloc_free(&c->outcomes);
  statistics_free(&c->statistics);
  *c = (struct ctlclient){.sock = -1};
}

void ctlserver_close(struct ctlserver *s) {
  for (size_t i = 0; i < CTLSERVER_CLIENTS; i++)
    if (s->clients[i].sock >= 0) hang_up(&s->clients[i]);
  if (s->listener >= 0) close(s->listener);
}

/* A free place, or that of the one who has been silent the longest. */
static struct ctlclient *find_place(struct ctlserver *s) {
  struct ctlclient *silent = NULL;
  for (size_t i = 0; i < CTLSERVER_CLIENTS; i++) {
    struct ctlclient *c = &s->clients[i];
    if (c->sock == -1) return c;
    if (!c->busy && !c->unsynced && (!silent || c->heard < silent->heard)) silent = c;
  }
  if (silent) hang_up(silent);
  return silent;
}

static uint64_t uid_of(int sock) {
  struct ucred who;
  socklen_t len = sizeof who;
  return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 ? who.uid : UINT32_MAX;
}

int ctlserver_listener(const struct ctlserver *s, uint64_t now_us, uint64_t *next_us) {
  if (s->deaf_until_us <= now_us) return s->listener;
  if (s->deaf_until_us < *next_us) *next_us = s->deaf_until_us;
  return -1;
}

static bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

void ctlserver_accept(struct ctlserver *s, uint64_t now_us) {
  int sock = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (sock == -1) {
    if (is_shortage(errno)) s->deaf_until_us = now_us + DEAF_US;
    return;
  }
  struct ctlclient *c = find_place(s);
  if (!c) {
    close(sock); /* everybody is busy */
    return;
  }
  c->sock = sock;
  c->uid = uid_of(sock);
  c->heard = s->turn;
  c->reader = (struct frame_reader){.protocol = &ctl_protocol, .no_descriptors = true};
}

/* One that has not read its answers is not asked for more. */
short ctlserver_events(const struct ctlclient *c) {
  if (frame_pending(&c->writer) && !c->unsynced) return POLLOUT;
  return c->busy || c->statistics.busy || c->ready ? 0 : POLLIN;
}

void ctlserver_event(struct ctlclient *c, short events) {
  if (events & POLLOUT && frame_flush(&c->writer, c->sock) == -1) {
    hang_up(c);
    return;
  }
  if (events & (POLLIN | POLLHUP | POLLERR)) c->ready = true;
}

/* ---- answers */

static struct ctl_reply status_of(const struct runner *r) {
  return (struct ctl_reply){
    .local_running = dispatch_busy(&r->dispatcher, CHANNEL_LOCAL),
    .local_limit = r->settings.concurrency[CHANNEL_LOCAL],
    .remote_running = dispatch_busy(&r->dispatcher, CHANNEL_REMOTE),
    .remote_limit = r->settings.concurrency[CHANNEL_REMOTE],
    .remote_silent = lanes_silent(&r->lanes, CHANNEL_REMOTE),
    .waiting = waitlist_waiting(&r->waitlist),
    .active = r->active_count,
    .held = r->waitlist.held,
  };
}

/* put: whether the payload could be made. */
static void send_payload(struct ctlclient *c, unsigned type, stralloc *payload, int put) {
  if (put == 0) put = frame_queue(&c->writer, &ctl_protocol, type, text_of_stralloc(payload), -1);
  stralloc_free(payload);
  if (put == -1) hang_up(c); /* no memory: an answer that is missing would shift the others */
}

static void answer(struct ctlclient *c, unsigned type, const struct ctl_reply *reply) {
  stralloc payload = {0};
  send_payload(c, type, &payload, ctl_put_reply(&payload, reply));
}

static void refuse(struct ctlclient *c, const char *why) {
  answer(c, CTL_ERROR, &(struct ctl_reply){.text = text_of(why)});
}

static void answer_why(struct ctlclient *c, const struct runner *r, const struct ctl_request *request) {
  struct queueid id;
  stralloc payload = {0};
  if (!ctl_message(request, 0, &id)) {
    refuse(c, "this is no queue id");
    return;
  }
  struct ctl_why why = runner_why(r, &id);
  send_payload(c, CTL_OK, &payload, ctlwhy_put(&payload, &why));
}

static void accept_plain(struct ctlclient *c) { answer(c, CTL_OK, &(struct ctl_reply){0}); }

/* ---- requests */

static void begin(struct ctlclient *c, unsigned type, const struct ctl_request *request) {
  stralloc_zero(&c->messages);
  stralloc_zero(&c->outcomes);
  c->error = 0;
  if (request->messages.len == 0 || request->messages.len % QUEUEID_LENGTH) {
    refuse(c, "this is no queue id");
    return;
  }
  if (text_cat(&c->messages, request->messages) == -1) {
    refuse(c, "out of memory");
    return;
  }
  c->type = type;
  c->busy = true;
}

static void begin_statistics(struct ctlclient *c, struct runner *r, struct text payload) {
  if (statistics_begin(&c->statistics, r, payload, &c->writer) == -1)
    refuse(c, errno == EPROTO ? "malformed request" : "out of memory");
}

static void hold_destination(struct ctlclient *c, struct runner *r, struct text name, bool held) {
  if (operator_hold_destination(r, name, held, c->uid) == 0) accept_plain(c);
  else refuse(c, errno == EINVAL ? "this is no destination" : strerror(errno));
}

static const char *explain_node(int error) {
  switch (error) {
    case EINVAL: return "this is no domain";
    case EBUSY: return "its mail is held by the operator";
    case EAGAIN: return "asked for too often";
    case EINPROGRESS: return "the queue is still being read";
    default: return strerror(error);
  }
}

static void start_node(struct ctlclient *c, struct runner *r, struct text node) {
  struct node_mail mail;
  if (node_start(r, node, c->uid, &mail) == -1) refuse(c, explain_node(errno));
  else answer(c, CTL_OK, &(struct ctl_reply){.waiting = mail.started, .active = mail.jobs});
}

static void take_request(struct ctlclient *c, struct runner *r, const struct frame *f) {
  struct ctl_request request;
  struct ctl_reply status;
  if (ctl_read_request(&request, f->payload) == -1) {
    refuse(c, "malformed request");
    return;
  }
  switch (f->type) {
    case CTL_STATUS: status = status_of(r), answer(c, CTL_OK, &status); break;
    case CTL_STATS: begin_statistics(c, r, f->payload); break;
    case CTL_FLUSH: runner_hurry(r, NULL), accept_plain(c); break;
    case CTL_RESCAN: runner_scan_todo(r), accept_plain(c); break;
    case CTL_SYNC: c->unsynced = true, accept_plain(c); break;
    case CTL_WHY: answer_why(c, r, &request); break;
    case CTL_START: start_node(c, r, request.destination); break;
    case CTL_RETRY:
    case CTL_HOLD:
    case CTL_RELEASE:
    case CTL_EXPIRE:
    case CTL_RETURN:
    case CTL_DELETE:
    case CTL_MEND: begin(c, f->type, &request); break;
    case CTL_HOLD_DESTINATION:
    case CTL_RELEASE_DESTINATION:
      hold_destination(c, r, request.destination, f->type == CTL_HOLD_DESTINATION);
      break;
    default: refuse(c, "unknown request");
  }
}

/* ---- orders */

static enum order order_of(unsigned type) {
  switch (type) {
    case CTL_HOLD: return ORDER_HOLD;
    case CTL_RELEASE: return ORDER_RELEASE;
    case CTL_EXPIRE: return ORDER_EXPIRE;
    case CTL_RETURN: return ORDER_RETURN;
    case CTL_DELETE: return ORDER_DELETE;
  }
  return ORDER_RETRY;
}

static bool carry_out_next(struct ctlclient *c, struct runner *r) {
  struct ctl_request request = {.messages = text_of_stralloc(&c->messages)};
  struct queueid id;
  enum outcome o = OUTCOME_GONE;
  if (ctl_message(&request, c->outcomes.len, &id))
    o = c->type == CTL_MEND ? operator_mend(r, &id, c->uid)
                            : operator_order(r, &id, order_of(c->type), c->uid);
  if (o == OUTCOME_FAILED && !c->error) c->error = errno;
  char letter = (char)o;
  return stralloc_catb(&c->outcomes, &letter, 1);
}

static void finish(struct ctlclient *c) {
  struct ctl_reply reply = {.outcomes = text_of_stralloc(&c->outcomes)};
  if (c->error) reply.text = text_of(c->error == EBADMSG ? "it does not check" : strerror(c->error));
  c->busy = false;
  c->unsynced = true;
  answer(c, CTL_OK, &reply);
}

/* How many orders. */
static unsigned carry_out(struct ctlclient *c, struct runner *r, unsigned most) {
  for (unsigned n = 0; n < most; n++) {
    if (c->outcomes.len * QUEUEID_LENGTH == c->messages.len) {
      finish(c);
      return n;
    }
    if (!carry_out_next(c, r)) {
      hang_up(c); /* no memory for what has been done: its log has it */
      return n;
    }
  }
  return most;
}

/* ---- statistics */

static bool may_tell(const struct ctlclient *c) {
  return c->sock >= 0 && c->statistics.busy && !frame_pending(&c->writer);
}

static void tell(struct ctlclient *c, struct runner *r) {
  struct ctl_reply status;
  if (statistics_go_on(&c->statistics, r, &c->writer) == -1) {
    hang_up(c); /* no memory */
    return;
  }
  if (c->statistics.busy) return;
  statistics_free(&c->statistics);
  status = status_of(r);
  answer(c, CTL_OK, &status);
}

/* ---- a turn */

static void read_request(struct ctlserver *s, struct ctlclient *c, struct runner *r) {
  struct frame f;
  switch (frame_poll(&c->reader, c->sock, &f)) {
    case FRAME_READY:
      c->heard = s->turn;
      if (s->kind == CTLSERVER_OPERATOR || f.type == CTL_START) take_request(c, r, &f);
      else refuse(c, "not allowed on this socket");
      break;
    case FRAME_AGAIN: c->ready = false; break;
    case FRAME_EOF:
    case FRAME_MALFORMED:
    case FRAME_ERROR: hang_up(c); break;
  }
}

/* Answers pile up only as far as a socket takes them, or the disk waits. */
static bool may_read(const struct ctlclient *c) {
  return c->sock >= 0 && !c->busy && !c->statistics.busy && c->ready && c->writer.out.len < UNREAD_MAX &&
         (c->unsynced || !frame_pending(&c->writer));
}

static void confirm(struct ctlclient *c, int error) {
  c->unsynced = false;
  if (error) {
    frame_writer_free(&c->writer);
    refuse(c, "unable to sync the queue");
  }
  if (c->sock >= 0 && (frame_flush(&c->writer, c->sock) == -1 || error)) hang_up(c);
}

/* One sync for all that was ordered, when there is nothing more at hand, or
 * when somebody who never ceases to ask has kept them waiting. */
static void confirm_all(struct ctlserver *s, struct runner *r, bool more) {
  bool any = false;
  for (size_t i = 0; i < CTLSERVER_CLIENTS; i++) any = any || s->clients[i].unsynced;
  s->unsynced_turns = any ? s->unsynced_turns + 1 : 0;
  if (!any || (more && s->unsynced_turns < SYNC_TURNS)) return;
  s->unsynced_turns = 0;
  int error = store_is_dirty(&r->store) && store_sync(&r->store) == -1 ? errno : 0;
  if (error) report_problem(r, "unable to sync the queue", NULL);
  for (size_t i = 0; i < CTLSERVER_CLIENTS; i++)
    if (s->clients[i].unsynced) confirm(&s->clients[i], error);
}

static void flush_plain(struct ctlclient *c) {
  if (c->sock >= 0 && !c->unsynced && frame_flush(&c->writer, c->sock) == -1) hang_up(c);
}

bool ctlserver_work(struct ctlserver *s, struct runner *r) {
  unsigned left = CTLSERVER_ORDERS;
  bool more = false;
  s->turn++;
  for (size_t i = 0; i < CTLSERVER_CLIENTS; i++) {
    struct ctlclient *c = &s->clients[(s->turn + i) % CTLSERVER_CLIENTS];
    if (may_read(c)) read_request(s, c, r);
    if (c->busy) left -= carry_out(c, r, left);
    if (may_tell(c)) tell(c, r);
    flush_plain(c);
    more = more || c->busy || may_tell(c) || may_read(c);
  }
  confirm_all(s, r, more);
  return more;
}
