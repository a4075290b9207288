#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/exitcode.h"
#include "queue/owlq/jsonline.h"
#include "queue/owlq/options.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/screen.h"
#include "queue/owlq/statsview.h"

static const char usage[] =
  "stats [--json] [--sort waiting|active|oldest|faults|name] [--limit N] [DESTINATION]";

struct wish {
  enum snapshot_order order;
  uint64_t limit;
  const char *name;
  bool json;
};

static int read_wish(struct wish *w, int argc, char **argv) {
  const char *order = "waiting", *limit = "4294967295";
  *w = (struct wish){0};
  for (int i = 1; i < argc;) {
    if (option_flag(argv, &i, "--json")) w->json = true;
    else if (option_value(argc, argv, &i, "--sort", &order) ||
             option_value(argc, argv, &i, "--limit", &limit))
      continue;
    else if (argv[i][0] == '-' || w->name) return -1;
    else w->name = argv[i++];
  }
  if (!order || !limit || text_uint(text_of(limit), &w->limit) == -1) return -1;
  w->order = snapshot_order_named(order);
  return w->order == SNAPSHOT_ORDERS ? -1 : 0;
}

/* ---- for the eye */

static int put_line(stralloc *line) {
  int r =
    stralloc_append(line, "\n") && fwrite(line->s, 1, line->len, stdout) == line->len ? 0 : -1;
  stralloc_zero(line);
  return r;
}

static int print_text(const struct snapshot *s, const struct wish *w) {
  stralloc line = {0};
  size_t width = screen_columns();
  int r = 0;
  for (unsigned i = 0; r == 0 && !w->name && i < STATSVIEW_SUMMARY; i++)
    if ((r = statsview_cat_summary(&line, s, i, width)) == 0) r = put_line(&line);
  if (r == 0 && s->count && (r = statsview_cat_head(&line, width)) == 0) r = put_line(&line);
  for (size_t i = 0; r == 0 && i < s->count && i < w->limit; i++)
    if ((r = statsview_cat_row(&line, s, &s->rows[i].d, width)) == 0) r = put_line(&line);
  stralloc_free(&line);
  return r == 0 ? TOOL_OK : owlq_complain("statistics", "unable to print");
}

/* ---- JSON */

static int put_totals(const struct snapshot *s) {
  const struct ctlstats_totals *t = &s->totals;
  struct jsonline j;
  jsonline_begin(&j);
  jsonline_time(&j, "started", t->started_us);
  jsonline_number(&j, "uptime_s", snapshot_age(s, t->started_us));
  jsonline_number(&j, "taken", t->taken);
  jsonline_number(&j, "finished", t->finished);
  jsonline_number(&j, "bounces", t->bounced);
  jsonline_number(&j, "waiting", s->waiting);
  jsonline_number(&j, "active", s->active);
  jsonline_number(&j, "held", s->held);
  jsonline_number(&j, "destinations", t->destinations);
  jsonline_number(&j, "local_running", s->local_running);
  jsonline_number(&j, "local_limit", s->local_limit);
  jsonline_number(&j, "local_crowded", t->local_crowded);
  jsonline_number(&j, "local_delivered", t->local_delivered);
  jsonline_number(&j, "local_deferred", t->local_deferred);
  jsonline_number(&j, "local_failed", t->local_failed);
  jsonline_number(&j, "remote_running", s->remote_running);
  jsonline_number(&j, "remote_limit", s->remote_limit);
  jsonline_number(&j, "remote_crowded", t->remote_crowded);
  jsonline_number(&j, "remote_delivered", t->remote_delivered);
  jsonline_number(&j, "remote_deferred", t->remote_deferred);
  jsonline_number(&j, "remote_failed", t->remote_failed);
  return jsonline_put(&j);
}

static int put_destination(const struct snapshot *s, const struct ctlstats_destination *d) {
  struct jsonline j;
  jsonline_begin(&j);
  jsonline_text(&j, "destination", d->name);
  jsonline_string(&j, "channel", d->channel == CHANNEL_LOCAL ? "local" : "remote");
  jsonline_number(&j, "waiting", d->waiting);
  jsonline_number(&j, "parked", d->parked);
  jsonline_number(&j, "active", d->active);
  jsonline_number(&j, "workers", d->workers);
  jsonline_number(&j, "silent", d->silent);
  if (d->window_most) jsonline_number(&j, "window", d->window);
  if (d->window_most) jsonline_number(&j, "window_most", d->window_most);
  jsonline_flag(&j, "down", d->down);
  jsonline_flag(&j, "held", d->held);
  jsonline_number(&j, "opens_s", d->opens_s);
  if (d->down) jsonline_number(&j, "backoff_s", d->backoff_s);
  if (d->rate) jsonline_number(&j, "rate", d->rate);
  if (d->rate) jsonline_number(&j, "rate_s", d->rate_s);
  jsonline_number(&j, "delivered", d->delivered);
  jsonline_number(&j, "deferred", d->deferred);
  jsonline_number(&j, "unreached", d->unreached);
  jsonline_number(&j, "failed", d->failed);
  if (d->oldest_us) jsonline_number(&j, "oldest_s", snapshot_age(s, d->oldest_us));
  if (d->last_error.len) jsonline_text(&j, "last_error", d->last_error);
  jsonline_time(&j, "last_error_at", d->last_error_us);
  return jsonline_put(&j);
}

static int print_json(const struct snapshot *s, const struct wish *w) {
  int code = w->name ? TOOL_OK : put_totals(s);
  for (size_t i = 0; code == TOOL_OK && i < s->count && i < w->limit; i++)
    code = put_destination(s, &s->rows[i].d);
  return code;
}

int owlq_stats(struct control *c, int argc, char **argv) {
  struct snapshot s = {0};
  struct wish w;
  struct link l;
  if (read_wish(&w, argc, argv) == -1) return owlq_usage(usage);
  if (link_open(&l, c) == -1)
    return owlq_complain("unable to reach the runner (is owl-start running?)", strerror(errno));
  const struct ctlstats_request request = {.name = text_of(w.name)};
  int code = snapshot_take(&s, &l, &request) == 0 ? TOOL_OK : TOOL_SYSTEM;
  if (code == TOOL_OK && w.name && !s.count)
    code = owlq_complain(w.name, "the runner knows no such destination now");
  snapshot_sort(&s, w.order);
  if (code == TOOL_OK) code = w.json ? print_json(&s, &w) : print_text(&s, &w);
  snapshot_free(&s);
  link_close(&l);
  return code;
}
