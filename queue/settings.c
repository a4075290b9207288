#include "config.h"
#include "queue/settings.h"
#include "queue/lane.h"
#include "queue/schedule.h"

static int load_numbers(struct settings *s, struct control *c) {
  const struct {
    enum control_name name;
    uint64_t *to;
  } numbers[] = {
    {CONTROL_CONCURRENCYLOCAL, &s->concurrency[CHANNEL_LOCAL]},
    {CONTROL_CONCURRENCYSILENT, &s->concurrencysilent},
    {CONTROL_CONCURRENCYREMOTE, &s->concurrency[CHANNEL_REMOTE]},
    {CONTROL_RETRYSKIPLOCAL, &s->retryskip_s[CHANNEL_LOCAL]},
    {CONTROL_RETRYSKIPREMOTE, &s->retryskip_s[CHANNEL_REMOTE]},
    {CONTROL_QUEUELIFETIME, &s->queuelifetime_s},
    {CONTROL_RECIPIENTLIMIT, &s->recipientlimit},
    {CONTROL_SYNCINTERVAL, &s->syncinterval_s},
    {CONTROL_RESCANINTERVAL, &s->rescaninterval_s},
    {CONTROL_RETRYFAULT, &s->retryfault_s},
    {CONTROL_TIMEOUTDELIVERY, &s->timeoutdelivery_s},
    {CONTROL_TIMEOUTIDLE, &s->timeoutidle_s},
    {CONTROL_BOUNCEMAXBYTES, &s->bouncemaxbytes},
    {CONTROL_BOUNCELIFETIME, &s->bouncelifetime_s},
    {CONTROL_DELAYWARNING, &s->delaywarning_s},
    {CONTROL_BACKOFFFIRST, &s->backoff_first_s},
    {CONTROL_BACKOFFMAX, &s->backoff_max_s},
    {CONTROL_RETRYJITTER, &s->retryjitter},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    if (control_number(c, numbers[i].name, numbers[i].to) == -1) return -1;
  return 0;
}

/* Without an interval there would be no rest. */
static void at_least_a_second(uint64_t *interval_s) {
  if (*interval_s == 0) *interval_s = 1;
}

static int load_texts(struct settings *s, struct control *c) {
  const struct {
    enum control_name name;
    stralloc *to;
  } texts[] = {
    {CONTROL_ME, &s->me},
    {CONTROL_BOUNCEFROM, &s->bouncefrom},
    {CONTROL_BOUNCEHOST, &s->bouncehost},
    {CONTROL_DOUBLEBOUNCETO, &s->doublebounceto},
    {CONTROL_DOUBLEBOUNCEHOST, &s->doublebouncehost},
    {CONTROL_INSTANCE, &s->instance},
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    if (control_text(c, texts[i].name, texts[i].to) == -1) return -1;
  return 0;
}

static int load_bounceformat(struct settings *s, struct control *c) {
  stralloc word = {0};
  int r = control_text(c, CONTROL_BOUNCEFORMAT, &word);
  s->bounces_are_qsbmf = r == 0 && text_equals(text_of_stralloc(&word), "qsbmf");
  if (r == 0 && !s->bounces_are_qsbmf && !text_equals(text_of_stralloc(&word), "mime"))
    r = control_fail(c, CONTROL_BOUNCEFORMAT, "neither mime nor qsbmf");
  stralloc_free(&word);
  return r;
}

static int load_rules(struct settings *s, struct control *c) {
  const struct {
    enum control_name name;
    struct list *to;
    bool (*checks)(struct text value);
    const char *why;
  } rules[] = {
    {CONTROL_CONCURRENCYDOMAIN, &s->concurrencydomain, lanes_check_concurrency,
     "a value is no number of deliveries"},
    {CONTROL_RATELIMIT, &s->ratelimit, lanes_check_rate, "a value is not of the form MESSAGES/SECONDS"},
    {CONTROL_RETRYSCHEDULE, &s->retryschedule, schedule_plan_checks,
     "a value is not a list of seconds, 1 to 86400, parted by commas"},
  };
  for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
    if (control_list(c, rules[i].name, rules[i].to) == -1) return -1;
    for (size_t line = 0; line < rules[i].to->count; line++)
      if (!rules[i].checks(rules[i].to->lines[line].value))
        return control_fail(c, rules[i].name, rules[i].why);
  }
  return 0;
}

int settings_load(struct settings *s, struct control *c) {
  *s = (struct settings){0};
  if (load_numbers(s, c) == -1 || load_texts(s, c) == -1 || load_rules(s, c) == -1 ||
      load_bounceformat(s, c) == -1 || route_load(&s->routes, c) == -1 || srsrules_load(&s->srs, c) == -1) {
    settings_free(s);
    return -1;
  }
  at_least_a_second(&s->rescaninterval_s);
  at_least_a_second(&s->retryfault_s);
  at_least_a_second(&s->timeoutdelivery_s);
  at_least_a_second(&s->backoff_first_s);
  at_least_a_second(&s->backoff_max_s);
  return 0;
}

void settings_free(struct settings *s) {
  route_unload(&s->routes);
  srsrules_unload(&s->srs);
  list_free(&s->concurrencydomain);
  list_free(&s->ratelimit);
  list_free(&s->retryschedule);
  stralloc_free(&s->me);
  stralloc_free(&s->bouncefrom);
  stralloc_free(&s->bouncehost);
  stralloc_free(&s->doublebounceto);
  stralloc_free(&s->doublebouncehost);
  stralloc_free(&s->instance);
  *s = (struct settings){0};
}
