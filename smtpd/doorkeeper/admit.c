#include "config.h"
#include "smtpd/doorkeeper/admit.h"
#include "smtpd/doorkeeper/early.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/recipients.h"
#include "smtpd/doorkeeper/request.h"
#include "smtpd/doorkeeper/senders.h"

enum { HELO_MAX_OCTETS = 255 };

static bool mail_is_formed(const struct door_request *r) {
  struct door_request rest = *r;
  const struct envelope *e = &r->envelope;
  if (!e->sender.s || !e->helo.s || e->helo.len > HELO_MAX_OCTETS) return false;
  if (!text_equals(e->protocol, "SMTP") && !text_equals(e->protocol, "ESMTP") && !early_protocol(e->protocol)) return false;
  if (e->body > BODY_BINARYMIME) return false;
  rest.octets = 0; /* the declared size */
  rest.envelope.sender = rest.envelope.helo = rest.envelope.protocol = TEXT_ABSENT;
  rest.envelope.body = 0;
  return request_is_empty(&rest);
}

void admit_client(struct envelope *e, const struct client *c) {
  if (c->address.len) e->client_address = text_of_stralloc(&c->address);
  if (c->name.len) e->client_name = text_of_stralloc(&c->name);
  e->client_port = c->port;
}

static struct outcome take_sender(struct doorkeeper *k, const struct door_request *r) {
  const struct settings *s = k->settings;
  struct envelope granted = r->envelope; /* has nothing else, and no control octets */
  if (!early_expects_sender(k, granted.protocol)) return outcome_not_now();
  const char *refusal = senders_refuse(s, granted.helo, granted.sender, k->facts);
  if (refusal) return outcome_refuse(553, "5.7.1", refusal);
  if (s->databytes && r->octets > s->databytes)
    return outcome_refuse(552, "5.3.4", "that message is too large for this server");
  admit_client(&granted, k->client);
  stralloc_zero(&k->grant);
  if (envelope_encode(&k->grant, &granted) == -1) return outcome_no_memory();
  k->state = k->state == DOORKEEPER_EARLY ? DOORKEEPER_EARLY_GRANTED : DOORKEEPER_GRANTED;
  return outcome_grant(250, "2.1.0", "sender ok");
}

struct outcome admit_sender(struct doorkeeper *k, const struct door_request *r) {
  if (!mail_is_formed(r)) return outcome_malformed;
  struct outcome o = take_sender(k, r);
  if (o.answer.result.class != RESULT_SUCCESS)
    event_refused(k, "sender", r->envelope.sender, &o.answer.result);
  return o;
}

static struct outcome take_recipient(struct doorkeeper *k, struct text recipient) {
  struct outcome o = recipients_check(k, recipient);
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
  if (!early_expects_recipient(k)) return outcome_not_now();
  struct outcome o = take_recipient(k, recipient->address);
  if (o.answer.result.class != RESULT_SUCCESS)
    event_refused(k, "recipient", recipient->address, &o.answer.result);
  return o;
}
