#include "config.h"
#include "smtpd/doorkeeper/recipients.h"
#include <errno.h>
#include <string.h>
#include "lib/iofd.h"
#include "smtpd/doorkeeper/database.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/match.h"
#include "smtpd/doorkeeper/policy.h"
#include "smtpd/doorkeeper/rcptcheck.h"

static struct outcome granted(void) { return outcome_grant(250, "2.1.5", "recipient ok"); }

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
    if (errno == EACCES && no_client) return granted();
    return outcome_refuse(451, "4.3.0", "unable to check that recipient now, please try later");
  }
  if (r.class == RESULT_SUCCESS) return granted();
  bool fails = r.class == RESULT_FAILURE;
  struct outcome o = fails ? outcome_refuse(550, "5.1.1", "sorry, no mailbox here by that name")
                           : outcome_refuse(451, "4.3.0", "that recipient cannot be taken now");
  if (r.reply_code / 100 == o.answer.result.reply_code / 100) o.answer.result.reply_code = r.reply_code;
  if (r.status.s) o.answer.result.status = r.status;
  if (r.text.len) o.answer.result.text = r.text;
  return o;
}

static struct outcome unreadable(struct doorkeeper *k, const char *name) {
  int reason = errno;
  event_begin(k);
  log_s(k->log, "unable to read ");
  log_s(k->log, name);
  log_s(k->log, ": ");
  log_s(k->log, strerror(reason));
  log_end(k->log);
  return outcome_refuse(451, "4.3.5", "unable to check that recipient now, please try later");
}

/* Whether mail for this address may come from this client at all. */
static struct outcome check_lists(struct doorkeeper *k, struct text address) {
  const struct settings *s = k->settings;
  if (s->badrcptto.count &&
      match_note(k->facts, "badrcptto", match_address(&s->badrcptto, address), address))
    return outcome_refuse(553, "5.7.1", "sorry, that recipient is in my list of refused recipients");
  int may = policy_may_relay(s, address, k->facts);
  if (may == -1) return unreadable(k, "morercpthosts.cdb");
  if (!may)
    return outcome_refuse(553, "5.7.1", "sorry, that domain isn't in my list of allowed rcpthosts");
  return granted();
}

/* Whether there is anybody at this address. */
static struct outcome check_existence(struct doorkeeper *k, struct text address) {
  if (route_find(&k->settings->routes, address, &k->route) == -1)
    return outcome_refuse(451, "4.3.5", "the route of that recipient is not configured properly");
  if (route_leads_nowhere(&k->route))
    return outcome_refuse(550, "5.1.2", "that address has no host that mail could be sent to");
  if (k->settings->trusts_recipients) return granted();
  if (k->route.channel == CHANNEL_LOCAL) return ask_delivery(k, text_of_stralloc(&k->route.address));
  int refused = database_refuses(k->settings->folder.s, address, k->facts);
  if (refused == -1) return unreadable(k, "recipients.cdb");
  if (refused) return outcome_refuse(550, "5.1.1", "sorry, no mailbox there by that name");
  return granted();
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
