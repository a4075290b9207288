#include "config.h"
#include <errno.h>
#include <string.h>
#include "lib/exitcode.h"
#include "queue/owlq/metricfamily.h"
#include "queue/owlq/options.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/snapshot.h"

/* A destination is a label, and those with the most waiting messages alone get
 * any: a server that reads this keeps each name that it has seen for weeks. */

static const char usage[] = "metrics [--json] [--destinations N]";

enum { DESTINATIONS_DEFAULT = 50 };

static void plain(struct family *f, const char *name, const char *type, const char *help, uint64_t value) {
  family_begin(f, name, type, help);
  family_sample(f, NULL, value);
  family_end(f);
}

static void by_channel(struct family *f, const char *name, const char *type, const char *help,
                       uint64_t local, uint64_t remote) {
  family_begin(f, name, type, help);
  family_sample(f, (struct label[]){{"channel", text_of("local")}, {0}}, local);
  family_sample(f, (struct label[]){{"channel", text_of("remote")}, {0}}, remote);
  family_end(f);
}

static void result(struct family *f, const char *channel, const char *what, uint64_t value) {
  family_sample(f, (struct label[]){{"channel", text_of(channel)}, {"result", text_of(what)}, {0}}, value);
}

static void print_results(struct family *f, const struct ctlstats_totals *t) {
  family_begin(f, "recipients_total", "counter",
               "Results of recipients; a deferral counts at each attempt.");
  result(f, "local", "delivered", t->local_delivered);
  result(f, "local", "deferred", t->local_deferred);
  result(f, "local", "failed", t->local_failed);
  result(f, "remote", "delivered", t->remote_delivered);
  result(f, "remote", "deferred", t->remote_deferred);
  result(f, "remote", "failed", t->remote_failed);
  family_end(f);
}

static void print_totals(struct family *f, const struct ctlstats_totals *t) {
  plain(f, "start_time_seconds", "gauge", "When the queue's runner started, seconds since 1970.",
        t->started_us / 1000000u);
  plain(f, "messages_taken_total", "counter",
        "Messages that the runner has seen for the first time.", t->taken);
  plain(f, "messages_finished_total", "counter", "Messages that have left the queue.", t->finished);
  plain(f, "bounces_total", "counter", "Messages about failures that were made for senders.",
        t->bounced);
  print_results(f, t);
}

static void print_messages(struct family *f, const struct snapshot *s) {
  family_begin(f, "messages", "gauge",
               "Messages in the queue; those held are among those that wait.");
  family_sample(f, (struct label[]){{"state", text_of("waiting")}, {0}}, s->waiting);
  family_sample(f, (struct label[]){{"state", text_of("active")}, {0}}, s->active);
  family_sample(f, (struct label[]){{"state", text_of("held")}, {0}}, s->held);
  family_end(f);
}

static void print_now(struct family *f, const struct snapshot *s) {
  print_messages(f, s);
  by_channel(f, "crowded_messages", "gauge",
             "Messages that wait for a place among all deliveries of a channel.",
             s->totals.local_crowded, s->totals.remote_crowded);
  by_channel(f, "deliveries", "gauge", "Deliveries under way.", s->local_running,
             s->remote_running);
  by_channel(f, "deliveries_limit", "gauge", "How many deliveries there may be at one time.",
             s->local_limit, s->remote_limit);
  plain(f, "destinations", "gauge", "Destinations that the runner knows.",
        s->totals.destinations);
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

static void print_gauges(struct family *f, const struct snapshot *s, size_t count) {
  for (size_t g = 0; g < sizeof gauges / sizeof gauges[0]; g++) {
    family_begin(f, gauges[g].name, "gauge", gauges[g].help);
    for (size_t i = 0; i < count; i++) {
      const struct ctlstats_destination *d = &s->rows[i].d;
      const char *channel = d->channel == CHANNEL_LOCAL ? "local" : "remote";
      const struct label labels[] = {{"channel", text_of(channel)}, {"destination", d->name}, {0}};
      family_sample(f, labels, gauges[g].value(s, d));
    }
    family_end(f);
  }
}

static void print_up(struct family *f, bool up) {
  plain(f, "up", "gauge", "Whether the queue's runner answers.", up);
}

/* One that cannot be asked is down, and that is worth a number, too. */
static int print_down(struct family *f) {
  int error = errno;
  print_up(f, false);
  return owlq_complain("unable to reach the runner (is owl-start running?)", strerror(error));
}

static int print_all(struct family *f, struct link *l, uint64_t most) {
  struct snapshot s = {0};
  const struct ctlstats_request all = {.name = TEXT_ABSENT};
  int code = snapshot_take(&s, l, &all) == 0 ? TOOL_OK : TOOL_SYSTEM;
  snapshot_sort(&s, BY_WAITING);
  print_up(f, code == TOOL_OK);
  if (code == TOOL_OK) {
    print_totals(f, &s.totals);
    print_now(f, &s);
    print_gauges(f, &s, s.count < most ? s.count : (size_t)most);
  }
  snapshot_free(&s);
  return code == TOOL_OK ? f->code : code;
}

static int read_options(struct family *f, uint64_t *most, int argc, char **argv) {
  const char *word = NULL;
  for (int i = 1; i < argc;) {
    if (option_flag(argv, &i, "--json")) f->json = true;
    else if (!option_value(argc, argv, &i, "--destinations", &word) || !word ||
             text_uint(text_of(word), most) == -1)
      return -1;
  }
  return 0;
}

int owlq_metrics(struct control *c, int argc, char **argv) {
  struct family f = {.code = TOOL_OK};
  struct link l;
  uint64_t most = DESTINATIONS_DEFAULT;
  if (read_options(&f, &most, argc, argv) == -1) return owlq_usage(usage);
  if (link_open(&l, c) == -1) return print_down(&f);
  int code = print_all(&f, &l, most);
  link_close(&l);
  return code;
}
