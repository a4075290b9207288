#include "config.h"
#include "queue/owlq/limitfacts.h"
#include "lib/idn.h"

static const enum control_name local[] = {
  CONTROL_CONCURRENCYLOCAL, CONTROL_RETRYSKIPLOCAL, CONTROL_RETRYJITTER, CONTROL_QUEUELIFETIME,
  CONTROL_TIMEOUTDELIVERY,  CONTROL_TIMEOUTLOOKUP,  CONTROL_COUNT};
static const enum control_name remote[] = {CONTROL_CONCURRENCYREMOTE,
                                           CONTROL_CONCURRENCYSILENT,
                                           CONTROL_RECIPIENTLIMIT,
                                           CONTROL_RETRYSKIPREMOTE,
                                           CONTROL_RETRYJITTER,
                                           CONTROL_BACKOFFFIRST,
                                           CONTROL_BACKOFFMAX,
                                           CONTROL_QUEUELIFETIME,
                                           CONTROL_TIMEOUTDELIVERY,
                                           CONTROL_TIMEOUTCONNECT,
                                           CONTROL_TIMEOUTREMOTE,
                                           CONTROL_COUNT};
static const enum control_name rules[] = {CONTROL_CONCURRENCYDOMAIN, CONTROL_RATELIMIT,
                                          CONTROL_RETRYSCHEDULE, CONTROL_COUNT};

static void note_value(struct facts *f, struct control *c, enum control_name name) {
  stralloc value = {0};
  if (control_text(c, name, &value) == -1) fact_say(f, "problem", "", text_of(c->error.s));
  else {
    fact_begin(f, control_table[name].name);
    fact_t(f, text_of_stralloc(&value));
    fact_s(f, ": ");
    fact_s(f, control_table[name].help);
    fact_detail(f, "value", text_of_stralloc(&value));
    fact_end(f);
  }
  stralloc_free(&value);
}

/* The runner looks for the host, whatever its port (queue/lane.h). */
static void note_rule(struct facts *f, struct control *c, enum control_name name,
                      struct text host) {
  struct list list;
  if (control_list(c, name, &list) == -1) {
    fact_say(f, "problem", "", text_of(c->error.s));
    return;
  }
  const struct list_line *line = idn_find_domain(&list, host);
  fact_begin(f, control_table[name].name);
  fact_s(f, line ? "it has \"" : "it has no line for ");
  fact_t(f, line ? line->key : host);
  if (line) fact_s(f, ":");
  if (line) fact_t(f, line->value);
  if (line) fact_s(f, "\"");
  fact_detail(f, "found", text_of(line ? "yes" : "no"));
  if (line) fact_detail(f, "key", line->key);
  if (line) fact_detail(f, "value", line->value);
  fact_end(f);
  list_free(&list);
}

void limitfacts(struct facts *f, struct control *c, const struct route *r) {
  bool is_local = r->channel == CHANNEL_LOCAL;
  for (const enum control_name *n = is_local ? local : remote; *n != CONTROL_COUNT; n++)
    note_value(f, c, *n);
  for (const enum control_name *n = rules; !is_local && *n != CONTROL_COUNT; n++)
    note_rule(f, c, *n, text_of_stralloc(&r->host));
}
