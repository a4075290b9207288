#include "config.h"
#include "smtpd/doorkeeper/admit.h"
#include <errno.h>
#include "lib/iofd.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/policy.h"
#include "smtpd/doorkeeper/request.h"

enum { HELO_MAX_OCTETS = 255 };

static bool mail_is_formed(const struct door_request *r) {
  struct door_request rest = *r;
  const struct envelope *e = &r->envelope;
  if (!e->sender.s || !e->helo.s || e->helo.len > HELO_MAX_OCTETS) return false;
  if (!text_equals(e->protocol, "SMTP") && !text_equals(e->protocol, "ESMTP")) return false;
  if (e->body > BODY_8BITMIME) return false;
  rest.octets = 0; /* the declared size */
  rest.envelope.sender = rest.envelope.helo = rest.envelope.protocol = TEXT_ABSENT;
  rest.envelope.body = 0;
  return request_is_empty(&rest);
}

static void take_client(struct envelope *e, const struct client *c) {
  if (c->address.len) e->client_address = text_of_stralloc(&c->address);
  if (c->name.len) e->client_name = text_of_stralloc(&c->name);
  e->client_port = c->port;
}

static struct outcome take_sender(struct doorkeeper *k, const struct door_request *r) {
  const struct settings *s = k->settings;
  struct envelope granted = r->envelope; /* has nothing else, and no control octets */
  if (k->state != DOORKEEPER_IDLE) return outcome_not_now();
  if (policy_refuses_sender(s, granted.sender, k->facts))
    return outcome_refuse(553, "5.7.1", "sorry, your envelope sender is in my list of refused senders");
  if (s->databytes && r->octets > s->databytes)
    return outcome_refuse(552, "5.3.4", "that message is too large for this server");
  take_client(&granted, k->client);
  if (envelope_encode(&k->grant, &granted) == -1) return doorkeeper_drop(k), outcome_no_memory();
  k->state = DOORKEEPER_GRANTED;
  return outcome_grant(250, "2.1.0", "sender ok");
}

struct outcome admit_sender(struct doorkeeper *k, const struct door_request *r) {
  if (!mail_is_formed(r)) return outcome_malformed;
  struct outcome o = take_sender(k, r);
  if (o.answer.result.class != RESULT_SUCCESS)
    event_refused(k, "sender", r->envelope.sender, &o.answer.result);
  return o;
}

/* The question's answer: its texts go into k->text, for they are the
 * connection's. */
static struct outcome ask_delivery(struct doorkeeper *k, struct text address) {
  struct result r;
  int limit_ms = io_limit_ms(k->settings->timeoutrcpt_s);
  fact_say(k->facts, "question", "delivery is asked about ", address);
  if (question_ask(&k->question, address, limit_ms, &r) == -1) {
    /* sendmail -bs has no client and runs as its caller, whom the socket's
     * folder shuts out, and who could as well inject without a question */
    bool no_client = k->client->address.len == 0 && k->settings->relayclient.s;
    if (errno == EACCES && no_client) return outcome_grant(250, "2.1.5", "recipient ok");
    return outcome_refuse(451, "4.3.0", "unable to check that recipient now, please try later");
  }
  if (r.class == RESULT_SUCCESS) return outcome_grant(250, "2.1.5", "recipient ok");
  bool fails = r.class == RESULT_FAILURE;
  struct outcome o = fails ? outcome_refuse(550, "5.1.1", "sorry, no mailbox here by that name")
                           : outcome_refuse(451, "4.3.0", "that recipient cannot be taken now");
  if (r.reply_code / 100 == o.answer.result.reply_code / 100) o.answer.result.reply_code = r.reply_code;
  if (r.status.s) o.answer.result.status = r.status;
  if (r.text.len) o.answer.result.text = r.text;
  return o;
}

static struct outcome check_recipient(struct doorkeeper *k, struct text recipient) {
  const struct settings *s = k->settings;
  if (k->recipients >= s->maxrecipients)
    return outcome_refuse(452, "4.5.3", "too many recipients, send the others in another transaction");
  if (recipient.len == 0) return outcome_refuse(501, "5.1.3", "a recipient needs an address");
  if (policy_address(s, k->client, recipient, &k->address) == -1) return outcome_no_memory();
  struct text address = text_of_stralloc(&k->address);
  if (address.len > ENVELOPE_ADDRESS_MAX) return outcome_refuse(501, "5.1.3", "that address is too long");
  if (!policy_may_relay(s, address, k->facts))
    return outcome_refuse(553, "5.7.1", "sorry, that domain isn't in my list of allowed rcpthosts");
  if (route_find(&s->routes, address, &k->route) == -1)
    return outcome_refuse(451, "4.3.5", "the route of that recipient is not configured properly");
  if (route_leads_nowhere(&k->route))
    return outcome_refuse(550, "5.1.2", "that address has no host that mail could be sent to");
  if (k->route.channel == CHANNEL_LOCAL) return ask_delivery(k, text_of_stralloc(&k->route.address));
  return outcome_grant(250, "2.1.5", "recipient ok");
}

static struct outcome take_recipient(struct doorkeeper *k, struct text recipient) {
  struct outcome o = check_recipient(k, recipient);
  if (o.answer.result.class != RESULT_SUCCESS) return o;
  struct envelope_recipient granted = {.address = text_of_stralloc(&k->address)};
  size_t before = k->grant.len;
  if (envelope_put_recipient(&k->grant, &granted) == -1) {
    k->grant.len = before;
    return outcome_no_memory();
  }
  k->recipients++;
  return o;
}

struct outcome admit_recipient(struct doorkeeper *k, const struct door_request *r) {
  struct door_request rest = *r;
  if (r->envelope.recipient_count != 1) return outcome_malformed;
  const struct envelope_recipient *recipient = &r->envelope.recipients[0];
  rest.envelope.recipient_count = 0;
  if (!request_is_empty(&rest) || recipient->orcpt.s || recipient->notify || recipient->index) return outcome_malformed;
  if (k->state != DOORKEEPER_GRANTED) return outcome_not_now();
  struct outcome o = take_recipient(k, recipient->address);
  if (o.answer.result.class != RESULT_SUCCESS)
    event_refused(k, "recipient", recipient->address, &o.answer.result);
  return o;
}
