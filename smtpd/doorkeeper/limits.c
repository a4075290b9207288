#include "config.h"
#include "smtpd/doorkeeper/limits.h"

enum { SPARE_REQUESTS = 1000 }; /* to end what is under way */

static struct outcome end_session(const char *text) {
  struct outcome o = outcome_refuse(421, "4.7.0", text);
  o.answer.ends_session = true;
  return o;
}

bool limits_count(struct doorkeeper *k, unsigned type, struct outcome *o) {
  const struct settings *s = k->settings;
  bool begins = type == DOOR_MAIL, asks_more = begins || type == DOOR_RCPT || type == DOOR_ETRN;
  k->requests++;
  k->transactions += begins;
  if (s->maxrequests && k->requests > s->maxrequests + SPARE_REQUESTS) return *o = outcome_malformed, false;
  if (s->maxrequests && k->requests > s->maxrequests && asks_more)
    return *o = end_session("too many requests in one session, closing"), false;
  if (s->maxtransactions && k->transactions > s->maxtransactions && begins)
    return *o = end_session("too many transactions in one session, closing"), false;
  return true;
}
