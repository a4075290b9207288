#include "config.h"
#include <inttypes.h>
#include <stdio.h>
#include "lib/clock.h"
#include "lib/exitcode.h"
#include "queue/owlq/follow.h"
#include "queue/owlq/jsonline.h"
#include "queue/owlq/listrow.h"
#include "queue/owlq/listsort.h"
#include "queue/owlq/options.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/progress.h"
#include "queue/owlq/screen.h"
#include "queue/owlq/units.h"

struct listing {
  struct filter filter;
  struct selection selection;
  enum sort_key sort;
  enum row_form form;
  bool reverse, count_only, follow;
  uint64_t limit, shown;
  size_t columns;
  int code;
  struct sorter sorter;
  struct follower follower;
  struct progress progress;
};

/* ---- what is asked for */

static int mistake(const char *what) { return owlq_usage(what); }

static int take_sort(struct listing *l, const char *value) {
  if (value && sort_parse(value, &l->sort)) return TOOL_OK;
  fprintf(stderr, "owlq: --sort is by %s\n", sort_names);
  return TOOL_USAGE;
}

static int take_limit(struct listing *l, const char *value) {
  if (value && units_octets(value, &l->limit) && l->limit > 0) return TOOL_OK;
  return mistake("list --limit NUMBER");
}

static int take_filter(struct listing *l, int argc, char **argv, int *at) {
  switch (filter_take(&l->filter, argc, argv, at)) {
    case FILTER_TAKEN: return TOOL_OK;
    case FILTER_WRONG: fprintf(stderr, "owlq: %s\n", filter_error(&l->filter)); return TOOL_USAGE;
    case FILTER_NOT_MINE: break;
  }
  return mistake("list [FILTER...] [--sort KEY] [--reverse] [--limit N] [--count] [--long | --json] [--follow] [ID...]");
}

static int take_one(struct listing *l, int argc, char **argv, int *at) {
  const char *value;
  if (option_value(argc, argv, at, "--sort", &value)) return take_sort(l, value);
  if (option_value(argc, argv, at, "--limit", &value)) return take_limit(l, value);
  if (option_flag(argv, at, "--reverse")) l->reverse = true;
  else if (option_flag(argv, at, "--count")) l->count_only = true;
  else if (option_flag(argv, at, "--follow")) l->follow = true;
  else if (option_flag(argv, at, "--long")) l->form = ROW_LONG;
  else if (option_flag(argv, at, "--json")) l->form = ROW_JSON;
  else return take_filter(l, argc, argv, at);
  return TOOL_OK;
}

/* ---- going through it */

static void step(void *context, size_t done, size_t of) {
  struct listing *l = context;
  progress_step(&l->progress, done, of);
}

static bool is_enough(const struct listing *l) { return l->limit && l->shown == l->limit; }

static int count_one(void *context, const struct selected *m) {
  struct listing *l = context;
  (void)m;
  if (!is_enough(l)) l->shown++;
  return is_enough(l) ? -1 : 0;
}

static int print_one(void *context, const struct selected *m) {
  struct listing *l = context;
  if (is_enough(l)) return -1;
  progress_end(&l->progress); /* from now on the lines themselves show it */
  if (l->shown++ == 0) row_print_heading(l->form, l->columns);
  int code = row_print(m, l->form, NULL, l->selection.now_us, l->columns);
  if (code != TOOL_OK) l->code = code;
  if (l->follow) idset_add(&l->follower.known, m->id);
  return is_enough(l) ? -1 : 0;
}

static int sort_one(void *context, const struct selected *m) {
  struct listing *l = context;
  if (sorter_add(&l->sorter, m) == 0) return 0;
  l->code = owlq_complain("unable to sort", "out of memory");
  return -1;
}

static int go_through(struct listing *l, int (*found)(void *, const struct selected *), const struct ids *list) {
  l->selection.found = found;
  progress_begin(&l->progress, "reading the queue");
  int code = list ? select_listed(&l->selection, list) : select_messages(&l->selection);
  progress_end(&l->progress);
  return code != TOOL_OK ? code : l->code;
}

static int list_sorted(struct listing *l) {
  struct ids order = {0};
  l->sorter.key = l->sort;
  int code = go_through(l, sort_one, NULL);
  if (sorter_take(&l->sorter, l->reverse, &order) == -1)
    code = owlq_complain("unable to sort", "out of memory");
  int printed = go_through(l, print_one, &order);
  ids_free(&order);
  return code != TOOL_OK ? code : printed;
}

static int list_in_order(struct listing *l) {
  l->selection.reverse = l->reverse != (l->sort == SORT_AGE);
  return go_through(l, print_one, NULL);
}

/* ---- how many */

static int count_names(struct listing *l) {
  struct ids list = {0};
  int code = ids_scan(&list, l->selection.store);
  l->shown = l->limit && list.count > l->limit ? l->limit : list.count;
  ids_free(&list);
  return code;
}

static int print_count(struct listing *l) {
  struct jsonline j;
  int code = filter_is_empty(&l->filter) ? count_names(l) : go_through(l, count_one, NULL);
  if (l->form != ROW_JSON) {
    printf("%" PRIu64 "\n", l->shown);
    return code;
  }
  jsonline_begin(&j);
  jsonline_number(&j, "count", l->shown);
  int put = jsonline_put(&j);
  return code != TOOL_OK ? code : put;
}

static int print_summary(struct listing *l) {
  struct ids bad = {0};
  int code = ids_scan_bad(&bad, l->selection.store);
  printf("%" PRIu64 " message%s", l->shown, l->shown == 1 ? "" : "s");
  if (filter_is_empty(&l->filter) && !is_enough(l)) printf(" in the queue");
  if (bad.count) printf("; %zu that did not check: owlq list --state bad", bad.count);
  printf("\n");
  ids_free(&bad);
  return code;
}

static int list_once(struct listing *l) {
  int code = l->sort == SORT_ARRIVAL || l->sort == SORT_AGE ? list_in_order(l) : list_sorted(l);
  if (l->form == ROW_JSON) return code;
  int summed = print_summary(l);
  return code != TOOL_OK ? code : summed;
}

/* ---- as it goes on */

static int print_left(struct listing *l, const struct queueid *id) {
  struct jsonline j;
  if (l->form != ROW_JSON) return printf("%-7s %.*s\n", "left", QUEUEID_DIGITS, id->s), TOOL_OK;
  jsonline_begin(&j);
  jsonline_string(&j, "event", "left");
  jsonline_string(&j, "id", id->s);
  return jsonline_put(&j);
}

static int print_event(void *context, const char *event, const struct queueid *id, const struct selected *m) {
  struct listing *l = context;
  uint64_t now_us = clock_wall_us(&clock_system);
  int code = m ? row_print(m, l->form, event, now_us, l->columns) : print_left(l, id);
  if (code != TOOL_OK) l->code = code;
  return fflush(stdout) == EOF ? -1 : 0;
}

static int list_and_follow(struct listing *l) {
  int code = follow_open(&l->follower, l->selection.store, &l->filter);
  l->follower.happened = print_event;
  l->follower.context = l;
  if (code == TOOL_OK) code = list_once(l);
  if (code == TOOL_OK && fflush(stdout) == 0)
    while (follow_step(&l->follower, true) == 1) continue;
  follow_close(&l->follower);
  return code;
}

static int list(struct listing *l) {
  if (l->count_only) return print_count(l);
  return l->follow ? list_and_follow(l) : list_once(l);
}

int owlq_list(struct control *c, int argc, char **argv) {
  struct store store;
  struct listing l = {.columns = screen_columns()};
  int code = TOOL_OK;
  for (int at = 1; code == TOOL_OK && at < argc;) code = take_one(&l, argc, argv, &at);
  if (code == TOOL_OK) code = owlq_open_store(c, &store);
  if (code == TOOL_OK) {
    l.selection = (struct selection){.store = &store,
                                     .filter = &l.filter,
                                     .now_us = clock_wall_us(&clock_system),
                                     .passed = step,
                                     .context = &l};
    code = list(&l);
    store_close(&store);
  }
  filter_free(&l.filter);
  return code;
}
