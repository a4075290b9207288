#include "config.h"
#include "smtpd/doorkeeper/etrn.h"
#include <unistd.h>
#include "lib/ctl.h"
#include "lib/iofd.h"
#include "lib/terms.h"
#include "lib/unixsock.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/nodes.h"
#include "smtpd/doorkeeper/request.h"

/* ---- the runner */

static int send_order(int sock, struct text node, int limit_ms) {
  struct ctl_request order = {.destination = node};
  stralloc payload = {0};
  int r = ctl_put_request(&payload, &order);
  if (r == 0) r = frame_send(sock, &ctl_protocol, CTL_START, text_of_stralloc(&payload), -1, limit_ms);
  stralloc_free(&payload);
  return r;
}

/* *why: kept where the answer's text does not stay. */
static int await_answer(int sock, int limit_ms, struct ctl_reply *reply, stralloc *why) {
  struct frame_reader reader = {.protocol = &ctl_protocol, .no_descriptors = true};
  struct frame f;
  int r = -1;
  if (frame_receive(&reader, sock, &f, limit_ms) == FRAME_READY && ctl_read_reply(reply, f.payload) == 0) {
    if (f.type == CTL_OK) r = 0;
    if (f.type == CTL_ERROR) (void)text_cat(why, reply->text);
  }
  reply->text = reply->outcomes = TEXT_ABSENT;
  frame_reader_free(&reader);
  return r;
}

/* 0, or -1 with the reason. */
static int order(const struct settings *s, struct text node, struct ctl_reply *reply, stralloc *why) {
  int limit_ms = io_limit_ms(s->timeoutrcpt_s), r = -1;
  int sock = unixsock_connect_within(s->etrn_socket.s, limit_ms);
  stralloc_zero(why);
  if (sock >= 0 && send_order(sock, node, limit_ms) == 0) r = await_answer(sock, limit_ms, reply, why);
  if (sock >= 0) close(sock);
  if (r == -1 && why->len == 0) (void)stralloc_copys(why, "the queue does not answer");
  return r;
}

/* ---- the reply */

static struct outcome say(struct doorkeeper *k, struct outcome o, const char *before, struct text node,
                          const char *behind, struct text why) {
  stralloc_zero(&k->text);
  if (!stralloc_cats(&k->text, before) || text_cat(&k->text, node) == -1 || !stralloc_cats(&k->text, behind) ||
      text_cat(&k->text, why) == -1)
    return outcome_no_memory();
  o.answer.result.text = text_of_stralloc(&k->text);
  return o;
}

static struct outcome say_started(struct doorkeeper *k, struct text node, uint64_t messages) {
  stralloc before = {0};
  struct outcome o = outcome_no_memory();
  if (text_cat_uint(&before, messages) == 0 &&
      stralloc_cats(&before, messages == 1 ? " pending message for " : " pending messages for ") && stralloc_0(&before))
    o = say(k, outcome_grant(253, "2.0.0", ""), before.s, node, " started", TEXT_ABSENT);
  stralloc_free(&before);
  return o;
}

static struct outcome try_order(struct doorkeeper *k, struct text node) {
  struct ctl_reply reply = {0};
  stralloc why = {0};
  struct outcome o;
  if (order(k->settings, node, &reply, &why) == -1)
    o = say(k, outcome_refuse(458, "4.3.0", ""), "unable to queue messages for ", node, ": ", text_of_stralloc(&why));
  else if (reply.waiting) o = say_started(k, node, reply.waiting);
  else if (reply.active) o = say(k, outcome_grant(250, "2.0.0", ""), "queuing for ", node, " has started before", TEXT_ABSENT);
  else o = say(k, outcome_grant(251, "2.0.0", ""), "no messages waiting for ", node, "", TEXT_ABSENT);
  stralloc_free(&why);
  return o;
}

struct outcome etrn_start(struct doorkeeper *k, const struct door_request *r) {
  struct door_request rest = *r;
  struct outcome o;
  rest.node = TEXT_ABSENT;
  if (!terms_node_is_valid(r->node) || !request_is_empty(&rest)) return outcome_malformed;
  if (k->state != DOORKEEPER_IDLE) return outcome_not_now();
  if (nodes_allow(k->settings, k->client, r->node)) o = try_order(k, r->node);
  else o = say(k, outcome_refuse(459, "4.7.1", ""), "node ", r->node, " not allowed: it is not for this client", TEXT_ABSENT);
  event_asked(k, r->node, &o.answer.result);
  return o;
}
