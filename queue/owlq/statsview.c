#include "config.h"
#include "queue/owlq/statsview.h"
#include <stdarg.h>
#include <stdio.h>
#include "lib/clock.h"
#include "queue/owlq/screen.h"

enum { NAME_COLUMNS = 30 };

__attribute__((format(printf, 2, 3))) static int cat_format(stralloc *out, const char *format,
                                                            ...) {
  char piece[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(piece, sizeof piece, format, arguments);
  va_end(arguments);
  return stralloc_cats(out, piece) ? 0 : -1;
}

static unsigned long long number(uint64_t n) { return n; }

/* ---- all of it */

static int cat_since(stralloc *out, const struct snapshot *s) {
  const struct ctlstats_totals *t = &s->totals;
  if (!stralloc_cats(out, "since ") || clock_cat_date(out, t->started_us) == -1 ||
      !stralloc_cats(out, " ("))
    return -1;
  if (screen_cat_age(out, snapshot_age(s, t->started_us)) == -1) return -1;
  return cat_format(out, "): %llu messages taken, %llu done, %llu bounces", number(t->taken),
                    number(t->finished), number(t->bounced));
}

static int cat_channel(stralloc *out, const char *name, uint64_t running, uint64_t limit,
                       const uint64_t results[3], uint64_t crowded) {
  int r = cat_format(
    out, "%-6s  %llu of %llu deliveries; recipients: %llu delivered, %llu deferred, %llu failed",
    name, number(running), number(limit), number(results[0]), number(results[1]),
    number(results[2]));
  if (r == 0 && crowded) r = cat_format(out, "; %llu messages wait for a place", number(crowded));
  return r;
}

static int cat_messages(stralloc *out, const struct snapshot *s) {
  return cat_format(out, "queue   %llu messages wait, %llu active, %llu held; %llu destinations",
                    number(s->waiting), number(s->active), number(s->held),
                    number(s->totals.destinations));
}

static int cat_summary(stralloc *out, const struct snapshot *s, unsigned line) {
  const struct ctlstats_totals *t = &s->totals;
  const uint64_t local[] = {t->local_delivered, t->local_deferred, t->local_failed};
  const uint64_t remote[] = {t->remote_delivered, t->remote_deferred, t->remote_failed};
  switch (line) {
    case 0: return cat_since(out, s);
    case 1: return cat_messages(out, s);
    case 2:
      return cat_channel(out, "local", s->local_running, s->local_limit, local, t->local_crowded);
    default:
      return cat_channel(out, "remote", s->remote_running, s->remote_limit, remote,
                         t->remote_crowded);
  }
}

static int cut_to(stralloc *out, const stralloc *line, size_t width) {
  size_t shown = screen_width(text_of_stralloc(line));
  return screen_cat_column(out, text_of_stralloc(line), width && shown > width ? width : 0);
}

int statsview_cat_summary(stralloc *out, const struct snapshot *s, unsigned line, size_t width) {
  stralloc whole = {0};
  int r = cat_summary(&whole, s, line);
  if (r == 0) r = cut_to(out, &whole, width);
  stralloc_free(&whole);
  return r;
}

/* ---- a destination */

static int cat_in(stralloc *out, const char *words, uint64_t seconds) {
  return stralloc_cats(out, words) ? screen_cat_age(out, seconds) : -1;
}

static int cat_silent(stralloc *out, uint64_t jobs) {
  return stralloc_cats(out, "slow, ") && text_cat_uint(out, jobs) == 0 &&
                 stralloc_cats(out, jobs == 1 ? " job waits for it" : " jobs wait for it")
             ? 0
             : -1;
}

int statsview_cat_state(stralloc *out, const struct ctlstats_destination *d) {
  if (d->held) return stralloc_cats(out, "held") ? 0 : -1;
  if (d->down && d->opens_s) return cat_in(out, "down, next try in ", d->opens_s);
  if (d->down) return stralloc_cats(out, "down, being tried") ? 0 : -1;
  if (d->opens_s) return cat_in(out, "next job in ", d->opens_s);
  return d->silent ? cat_silent(out, d->silent) : 0;
}

static int cat_window(stralloc *out, const struct ctlstats_destination *d) {
  char piece[48] = "-";
  if (d->window_most)
    snprintf(piece, sizeof piece, "%llu/%llu", number(d->window), number(d->window_most));
  return cat_format(out, " %7s", piece);
}

static int cat_oldest(stralloc *out, const struct snapshot *s,
                      const struct ctlstats_destination *d) {
  stralloc age = {0};
  int r = d->oldest_us               ? screen_cat_age(&age, snapshot_age(s, d->oldest_us))
          : stralloc_cats(&age, "-") ? 0
                                     : -1;
  if (r == 0) r = cat_format(out, " %7.*s", (int)age.len, age.s);
  stralloc_free(&age);
  return r;
}

static int cat_remark(stralloc *out, const struct ctlstats_destination *d) {
  size_t before;
  if (!stralloc_cats(out, "  ")) return -1;
  before = out->len;
  if (statsview_cat_state(out, d) == -1) return -1;
  if (d->last_error.len && out->len > before && !stralloc_cats(out, ": ")) return -1;
  return text_cat(out, d->last_error);
}

int statsview_cat_head(stralloc *out, size_t width) {
  stralloc line = {0};
  int r = cat_format(&line, "%-*s %7s %6s %7s %7s %9s %8s %6s  %s", NAME_COLUMNS, "DESTINATION",
                     "WAITING", "ACTIVE", "WINDOW", "OLDEST", "DELIVERED", "DEFERRED", "FAILED",
                     "STATE, LAST ERROR");
  if (r == 0) r = cut_to(out, &line, width);
  stralloc_free(&line);
  return r;
}

int statsview_cat_row(stralloc *out, const struct snapshot *s, const struct ctlstats_destination *d,
                      size_t width) {
  stralloc line = {0};
  int r = -1;
  if (screen_cat_column(&line, d->name,
                        width || screen_width(d->name) < NAME_COLUMNS ? NAME_COLUMNS : 0) == 0 &&
      cat_format(&line, " %7llu %6llu", number(d->waiting), number(d->active)) == 0 &&
      cat_window(&line, d) == 0 && cat_oldest(&line, s, d) == 0 &&
      cat_format(&line, " %9llu %8llu %6llu", number(d->delivered), number(d->deferred),
                 number(d->failed)) == 0 &&
      cat_remark(&line, d) == 0)
    r = cut_to(out, &line, width);
  stralloc_free(&line);
  return r;
}
