#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/clock.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "queue/owlq/options.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/screen.h"
#include "queue/owlq/statsview.h"
#include "queue/owlq/terminal.h"

static const char usage[] =
  "top [--json | --once] [--interval SECONDS] [--sort waiting|active|oldest|faults|name]";
static const char keys[] =
  "q quits; order: w waiting, a active, o oldest, f faults, n name; any other key: now";

enum { CONTROL_C = 3, ROWS_ONCE = 20, INTERVAL_MAX_S = 86400 };

static const struct ctlstats_request all = {.name = {NULL, 0}};

struct wish {
  enum snapshot_order order;
  uint64_t interval_s;
  bool once;
};

static int read_wish(struct wish *w, int argc, char **argv) {
  const char *order = "waiting", *interval = "2";
  *w = (struct wish){0};
  for (int i = 1; i < argc;) {
    if (option_flag(argv, &i, "--once")) w->once = true;
    else if (!option_value(argc, argv, &i, "--sort", &order) &&
             !option_value(argc, argv, &i, "--interval", &interval))
      return -1;
  }
  if (!order || !interval || text_uint(text_of(interval), &w->interval_s) == -1) return -1;
  if (w->interval_s == 0 || w->interval_s > INTERVAL_MAX_S) return -1;
  w->order = snapshot_order_named(order);
  return w->order == SNAPSHOT_ORDERS ? -1 : 0;
}

/* ---- what has changed since the last look */

struct rates {
  uint64_t at_us, taken, delivered, deferred, failed;
};

static struct rates counts_of(const struct snapshot *s) {
  const struct ctlstats_totals *t = &s->totals;
  return (struct rates){clock_boot_us(&clock_system), t->taken,
                        t->local_delivered + t->remote_delivered,
                        t->local_deferred + t->remote_deferred, t->local_failed + t->remote_failed};
}

/* A runner that has started anew counts anew. */
static double rate(uint64_t before, uint64_t now, double seconds) {
  return now > before && seconds > 0 ? (double)(now - before) / seconds : 0;
}

static int cat_rates(stralloc *out, const struct rates *a, const struct rates *b) {
  char line[200];
  double seconds = (double)(b->at_us - a->at_us) / 1e6;
  snprintf(line, sizeof line,
           "a second: %.1f messages taken; recipients: %.1f delivered, %.1f deferred, %.1f failed",
           rate(a->taken, b->taken, seconds), rate(a->delivered, b->delivered, seconds),
           rate(a->deferred, b->deferred, seconds), rate(a->failed, b->failed, seconds));
  return stralloc_cats(out, line) ? 0 : -1;
}

/* ---- a screen */

static int end_line(stralloc *out, int r) { return r == 0 && stralloc_cats(out, "\n") ? 0 : -1; }

/* So many rows at most, and no row wider than that; 0: as they are. */
static int cat_screen(stralloc *out, const struct snapshot *s, const struct rates *before,
                      size_t rows, size_t width) {
  struct rates now = counts_of(s);
  stralloc line = {0};
  int r = 0;
  for (unsigned i = 0; r == 0 && i < STATSVIEW_SUMMARY; i++)
    r = end_line(out, statsview_cat_summary(out, s, i, width));
  if (r == 0 && before) r = cat_rates(&line, before, &now);
  if (r == 0 && before) r = end_line(out, screen_cat_column(out, text_of_stralloc(&line), width));
  if (r == 0) r = end_line(out, 0);
  if (r == 0) r = end_line(out, statsview_cat_head(out, width));
  for (size_t i = 0; r == 0 && i < s->count && i < rows; i++)
    r = end_line(out, statsview_cat_row(out, s, &s->rows[i].d, width));
  stralloc_free(&line);
  return r;
}

static void draw(const struct snapshot *s, const struct rates *before) {
  enum { AROUND = STATSVIEW_SUMMARY + 4 }; /* lines that are no destination's */
  struct terminal_size size = terminal_size();
  stralloc out = {0};
  size_t rows = size.rows > AROUND ? size.rows - AROUND : 0;
  size_t width =
    size.columns > 1 ? size.columns - 1 : 1; /* clearing behind a full line can eat its end */
  if (cat_screen(&out, s, before, rows, width) == 0 &&
      screen_cat_column(&out, text_of(keys), width) == 0)
    terminal_draw(text_of_stralloc(&out));
  stralloc_free(&out);
}

static int print_once(const struct snapshot *s) {
  stralloc out = {0};
  int r = cat_screen(&out, s, NULL, ROWS_ONCE, screen_columns());
  if (r == 0) fwrite(out.s, 1, out.len, stdout);
  stralloc_free(&out);
  return r == 0 ? TOOL_OK : owlq_complain("statistics", "out of memory");
}

/* ---- the command */

/* False: it is time to go. */
static bool take_key(struct wish *w, int key) {
  switch (key) {
    case 'q':
    case CONTROL_C:
    case TERMINAL_GONE: return false;
    case 'w': w->order = BY_WAITING; break;
    case 'a': w->order = BY_ACTIVE; break;
    case 'o': w->order = BY_OLDEST; break;
    case 'f': w->order = BY_FAULTS; break;
    case 'n': w->order = BY_NAME; break;
  }
  return true;
}

/* 0 when the operator has seen enough. */
static int live(struct link *l, struct wish *w) {
  struct rates before = {0};
  int r = 0, key = TERMINAL_NOTHING;
  for (bool first = true; r == 0 && take_key(w, key); first = false) {
    struct snapshot s = {0};
    if ((r = snapshot_take(&s, l, &all)) == 0) {
      snapshot_sort(&s, w->order);
      draw(&s, first ? NULL : &before);
      before = counts_of(&s);
      key = terminal_key(io_limit_ms(w->interval_s));
    }
    snapshot_free(&s);
  }
  return r;
}

static int show_live(struct link *l, struct wish *w) {
  struct terminal t;
  if (terminal_begin(&t) == -1)
    return owlq_complain("no terminal; --once prints one screen", strerror(errno));
  int r = live(l, w);
  terminal_end(&t);
  return r == 0 ? TOOL_OK : owlq_complain("the runner", "it answers no more");
}

static int show_once(struct link *l, const struct wish *w) {
  struct snapshot s = {0};
  int code = TOOL_SYSTEM;
  if (snapshot_take(&s, l, &all) == 0) {
    snapshot_sort(&s, w->order);
    code = print_once(&s);
  }
  snapshot_free(&s);
  return code;
}

/* What one screen tells, for programs, is what owlq stats tells them. */
int owlq_top(struct control *c, int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--json") == 0) return owlq_stats(c, argc, argv);
  struct wish w;
  struct link l;
  if (read_wish(&w, argc, argv) == -1) return owlq_usage(usage);
  if (link_open(&l, c) == -1)
    return owlq_complain("unable to reach the runner (is owl-start running?)", strerror(errno));
  int code = w.once ? show_once(&l, &w) : show_live(&l, &w);
  link_close(&l);
  return code;
}
