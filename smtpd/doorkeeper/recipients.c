#include "config.h"
#include "smtpd/doorkeeper/recipients.h"
#include <errno.h>
#include <string.h>
#include "lib/address.h"
#include "lib/idn.h"
#include "lib/iofd.h"
#include "smtpd/doorkeeper/database.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/match.h"
#include "smtpd/doorkeeper/policy.h"
#include "smtpd/doorkeeper/rcptcheck.h"

static struct outcome granted(void) { return outcome_grant(250, "2.1.5", "recipient ok"); }

/* sendmail -bs has no client and runs as its caller, whom the sockets' folders
 * shut out, and who could as well inject without a question. */
static bool may_not_ask(const struct doorkeeper *k, int reason) {
  return reason == EACCES && k->client->address.len == 0 && k->settings->relayclient.s;
}

enum { CODE_CLOSING = 421 };

/* The answer's texts are the connection's, and hold until the next question.  A
 * next hop that closes its session (RFC 5321 3.8) closes no client's. */
static struct outcome outcome_of(const struct result *r, const char *nobody) {
  if (r->class == RESULT_SUCCESS) return granted();
  struct outcome o = r->class == RESULT_FAILURE ? outcome_refuse(550, "5.1.1", nobody)
                                                : outcome_refuse(451, "4.3.0", "that recipient cannot be taken now");
  bool has_code = r->reply_code / 100 == o.answer.result.reply_code / 100 && r->reply_code != CODE_CLOSING;
  if (has_code) o.answer.result.reply_code = r->reply_code;
  if (r->status.s) o.answer.result.status = r->status;
  if (r->text.len) o.answer.result.text = r->text;
  return o;
}

static struct outcome ask_delivery(struct doorkeeper *k, struct text address) {
  struct result r;
  fact_say(k->facts, "question", "delivery is asked about ", address);
  if (question_ask(&k->question, address, io_limit_ms(k->settings->timeoutrcpt_s), &r) == 0)
    return outcome_of(&r, "sorry, no mailbox here by that name");
  if (may_not_ask(k, errno)) return granted();
  return outcome_refuse(451, "4.3.0", "unable to check that recipient now, please try later");
}

/* 1: the next hop is to be asked, and *line says what becomes of who it says
 * nothing about; 0; -1: a cdb cannot be read. */
static int is_verified(struct doorkeeper *k, const struct list_line **line) {
  struct text local, domain;
  if (!address_split(text_of_stralloc(&k->route.address), &local, &domain)) return 0;
  *line = idn_find_domain(&k->settings->verifyrecipients, domain);
  if (!*line || (*line)->value.len == 0) return 0;
  int ours = policy_is_ours(k->settings, domain, k->facts);
  if (ours == 1) match_note(k->facts, "verifyrecipients", *line, domain);
  return ours;
}

/* What is not known is the operator's choice; what a next hop refuses is not. */
static struct outcome ask_next_hop(struct doorkeeper *k, bool accepts) {
  struct result r;
  struct text address = text_of_stralloc(&k->route.address);
  fact_say(k->facts, "question", "the next hop is asked about ", address);
  if (question_ask(&k->nexthop, address, io_limit_ms(k->settings->timeoutverify_s), &r) == 0) {
    bool unknown = r.class == RESULT_DEFERRAL;
    return unknown && accepts ? granted() : outcome_of(&r, "sorry, the next host has no mailbox by that name");
  }
  if (accepts || may_not_ask(k, errno)) return granted();
  return errno == ETIMEDOUT
             ? outcome_refuse(451, "4.4.1", "the next host is being asked about that recipient, please try later")
             : outcome_refuse(451, "4.3.0", "unable to check that recipient now, please try later");
}

static struct outcome unreadable(struct doorkeeper *k, const char *name) {
  event_unreadable(k, name);
  return outcome_refuse(451, "4.3.5", "unable to check that recipient now, please try later");
}

/* Whether mail for this address may come from this client at all. */
static struct outcome check_lists(struct doorkeeper *k, struct text address) {
  const struct settings *s = k->settings;
  if (s->badrcptto.count &&
      match_note(k->facts, "badrcptto", match_address(&s->badrcptto, address), address))
    return outcome_refuse(553, "5.7.1", "sorry, that recipient is in my list of refused recipients");
  int submittable = s->is_submission ? policy_is_submittable(s, address) : 1;
  if (submittable == -1) return unreadable(k, "morercpthosts.cdb");
  if (!submittable) return outcome_refuse(554, "5.1.2", "that domain is not a whole one");
  int may = policy_may_relay(s, address, k->facts);
  if (may == -1) return unreadable(k, "morercpthosts.cdb");
  if (!may)
    return outcome_refuse(553, "5.7.1", "sorry, that domain isn't in my list of allowed rcpthosts");
  return granted();
}

/* Whether there is anybody at this address. */
static struct outcome check_existence(struct doorkeeper *k, struct text address) {
  if (route_find(&k->settings->routes, TEXT_ABSENT, address, &k->route) == -1)
    return outcome_refuse(451, "4.3.5", "the route of that recipient is not configured properly");
  if (route_leads_nowhere(&k->route))
    return outcome_refuse(550, "5.1.2", "that address has no host that mail could be sent to");
  if (k->settings->trusts_recipients) return granted();
  if (k->route.channel == CHANNEL_LOCAL) return ask_delivery(k, text_of_stralloc(&k->route.address));
  int refused = database_refuses(k->settings->folder.s, address, k->facts);
  if (refused == -1) return unreadable(k, "recipients.cdb");
  if (refused) return outcome_refuse(550, "5.1.1", "sorry, no mailbox there by that name");
  const struct list_line *line;
  int verified = is_verified(k, &line);
  if (verified == -1) return unreadable(k, "morercpthosts.cdb");
  return verified ? ask_next_hop(k, text_equals(line->value, "accept")) : granted();
}

struct outcome recipients_check(struct doorkeeper *k, struct text recipient) {
  const struct settings *s = k->settings;
  if (k->recipients >= s->maxrecipients)
    return outcome_refuse(452, "4.5.3", "too many recipients, send the others in another transaction");
  if (recipient.len == 0) return outcome_refuse(501, "5.1.3", "a recipient needs an address");
  if (policy_address(s, k->client, recipient, &k->address) == -1) return outcome_no_memory();
  struct text address = text_of_stralloc(&k->address);
  if (address.len > ENVELOPE_ADDRESS_MAX) return outcome_refuse(501, "5.1.3", "that address is too long");
  struct outcome o = check_lists(k, address);
  if (o.answer.result.class == RESULT_SUCCESS) o = check_existence(k, address);
  return o.answer.result.class == RESULT_SUCCESS ? rcptcheck_ask(k, address) : o;
}
