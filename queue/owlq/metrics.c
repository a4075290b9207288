#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/exitcode.h"
#include "queue/owlq/options.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/snapshot.h"
#include "queue/owlq/utf8.h"

/* Prometheus' text format, version 0.0.4.  A destination is a label, and those
 * with the most waiting messages alone get any: a server that reads this keeps
 * each name that it has seen for weeks. */

static const char usage[] = "metrics [--destinations N]";

enum { DESTINATIONS_DEFAULT = 50 };

static void describe(const char *name, const char *type, const char *help) {
  printf("# HELP owlpost_%s %s\n# TYPE owlpost_%s %s\n", name, help, name, type);
}

static void plain(const char *name, const char *type, const char *help, uint64_t value) {
  describe(name, type, help);
  printf("owlpost_%s %llu\n", name, (unsigned long long)value);
}

static void labelled(const char *name, const char *labels, uint64_t value) {
  printf("owlpost_%s{%s} %llu\n", name, labels, (unsigned long long)value);
}

static void print_totals(const struct snapshot *s) {
  const struct ctlstats_totals *t = &s->totals;
  describe("start_time_seconds", "gauge", "When the queue's runner started, seconds since 1970.");
  printf("owlpost_start_time_seconds %.3f\n", (double)t->started_us / 1e6);
  plain("messages_taken_total", "counter", "Messages that the runner has seen for the first time.",
        t->taken);
  plain("messages_finished_total", "counter", "Messages that have left the queue.", t->finished);
  plain("bounces_total", "counter", "Messages about failures that were made for senders.",
        t->bounced);
  describe("recipients_total", "counter",
           "Results of recipients; a deferral counts at each attempt.");
  labelled("recipients_total", "channel=\"local\",result=\"delivered\"", t->local_delivered);
  labelled("recipients_total", "channel=\"local\",result=\"deferred\"", t->local_deferred);
  labelled("recipients_total", "channel=\"local\",result=\"failed\"", t->local_failed);
  labelled("recipients_total", "channel=\"remote\",result=\"delivered\"", t->remote_delivered);
  labelled("recipients_total", "channel=\"remote\",result=\"deferred\"", t->remote_deferred);
  labelled("recipients_total", "channel=\"remote\",result=\"failed\"", t->remote_failed);
}

static void print_now(const struct snapshot *s) {
  describe("messages", "gauge", "Messages in the queue; those held are among those that wait.");
  labelled("messages", "state=\"waiting\"", s->waiting);
  labelled("messages", "state=\"active\"", s->active);
  labelled("messages", "state=\"held\"", s->held);
  describe("crowded_messages", "gauge",
           "Messages that wait for a place among all deliveries of a channel.");
  labelled("crowded_messages", "channel=\"local\"", s->totals.local_crowded);
  labelled("crowded_messages", "channel=\"remote\"", s->totals.remote_crowded);
  describe("deliveries", "gauge", "Deliveries under way.");
  labelled("deliveries", "channel=\"local\"", s->local_running);
  labelled("deliveries", "channel=\"remote\"", s->remote_running);
  describe("deliveries_limit", "gauge", "How many deliveries there may be at one time.");
  labelled("deliveries_limit", "channel=\"local\"", s->local_limit);
  labelled("deliveries_limit", "channel=\"remote\"", s->remote_limit);
  plain("destinations", "gauge", "Destinations that the runner knows.", s->totals.destinations);
}

/* ---- destinations */

static uint64_t waiting(const struct snapshot *s, const struct ctlstats_destination *d) {
  return (void)s, d->waiting;
}
static uint64_t active(const struct snapshot *s, const struct ctlstats_destination *d) {
  return (void)s, d->active;
}
static uint64_t window(const struct snapshot *s, const struct ctlstats_destination *d) {
  return (void)s, d->window;
}
static uint64_t is_down(const struct snapshot *s, const struct ctlstats_destination *d) {
  return (void)s, d->down;
}
static uint64_t is_held(const struct snapshot *s, const struct ctlstats_destination *d) {
  return (void)s, d->held;
}
static uint64_t oldest(const struct snapshot *s, const struct ctlstats_destination *d) {
  return snapshot_age(s, d->oldest_us);
}

static const struct {
  const char *name, *help;
  uint64_t (*value)(const struct snapshot *s, const struct ctlstats_destination *d);
} gauges[] = {
  {"destination_waiting_messages", "Messages that wait for this destination.", waiting},
  {"destination_active_jobs", "Jobs for it that are under way or about to be.", active},
  {"destination_window", "Deliveries to it that may run at one time; 0: not limited for it.",
   window},
  {"destination_oldest_seconds", "Age of the oldest message that waits for it.", oldest},
  {"destination_down", "Whether it cannot be reached and is probed.", is_down},
  {"destination_held", "Whether the operator holds it.", is_held},
};

/* A label's value may be any UTF-8, with some characters escaped.  What is no
 * UTF-8, or not safe on a terminal, is shown by its octets: two names that
 * differ must not give the same label, which would spoil the whole answer. */
static void print_label(struct text t) {
  uint32_t character;
  while (t.len) {
    size_t n = utf8_first(t, &character);
    bool safe = n && utf8_is_safe(character) && *t.s != '\\';
    if (!safe) n = 1;
    if (!safe) printf("\\\\x%02x", (unsigned char)*t.s);
    else if (*t.s == '"') printf("\\\"");
    else fwrite(t.s, 1, n, stdout);
    t.s += n;
    t.len -= n;
  }
}

static void print_gauges(const struct snapshot *s, size_t count) {
  for (size_t g = 0; g < sizeof gauges / sizeof gauges[0]; g++) {
    describe(gauges[g].name, "gauge", gauges[g].help);
    for (size_t i = 0; i < count; i++) {
      const struct ctlstats_destination *d = &s->rows[i].d;
      printf("owlpost_%s{channel=\"%s\",destination=\"", gauges[g].name,
             d->channel == CHANNEL_LOCAL ? "local" : "remote");
      print_label(d->name);
      printf("\"} %llu\n", (unsigned long long)gauges[g].value(s, d));
    }
  }
}

/* One that cannot be asked is down, and that is worth a number, too. */
static int print_down(void) {
  plain("up", "gauge", "Whether the queue's runner answers.", 0);
  return owlq_complain("unable to reach the runner (is owl-start running?)", strerror(errno));
}

int owlq_metrics(struct control *c, int argc, char **argv) {
  struct snapshot s = {0};
  struct link l;
  const struct ctlstats_request all = {.name = TEXT_ABSENT};
  const char *word = NULL;
  uint64_t most = DESTINATIONS_DEFAULT;
  for (int i = 1; i < argc;)
    if (!option_value(argc, argv, &i, "--destinations", &word) || !word ||
        text_uint(text_of(word), &most) == -1)
      return owlq_usage(usage);
  if (link_open(&l, c) == -1) return print_down();
  int code = snapshot_take(&s, &l, &all) == 0 ? TOOL_OK : TOOL_SYSTEM;
  snapshot_sort(&s, BY_WAITING);
  plain("up", "gauge", "Whether the queue's runner answers.", code == TOOL_OK);
  if (code == TOOL_OK) {
    print_totals(&s);
    print_now(&s);
    print_gauges(&s, s.count < most ? s.count : (size_t)most);
  }
  snapshot_free(&s);
  link_close(&l);
  return code;
}
