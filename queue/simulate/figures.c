#include "config.h"
#include "queue/simulate/figures.h"
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include "lib/room.h"

/* ---- the table */

static int compare_names(const void *a, const void *b) {
  const struct figures *x = a, *y = b;
  if (x->name.len != y->name.len) return x->name.len < y->name.len ? -1 : 1;
  return x->name.len ? memcmp(x->name.s, y->name.s, x->name.len) : 0;
}

void figures_free(struct figures *f) {
  stralloc_free(&f->name);
  free(f->delays_us);
}

static void throw_away(struct figures *f) {
  figures_free(f);
  free(f);
}

static struct figures *make(struct text name, bool fold) {
  struct figures *f = calloc(1, sizeof *f);
  if (!f) return NULL;
  if (!stralloc_ready(&f->name, 1) || text_cat(&f->name, name) == -1) return throw_away(f), NULL;
  for (size_t i = 0; fold && i < f->name.len; i++)
    if (f->name.s[i] >= 'A' && f->name.s[i] <= 'Z') f->name.s[i] = (char)(f->name.s[i] + ('a' - 'A'));
  return f;
}

struct figures *figures_named(struct figures_table *t, struct text name, bool fold) {
  bool has_room = room_make(&t->all, t->count, &t->space, sizeof *t->all, 64) == 0;
  struct figures *f = has_room ? make(name, fold) : NULL;
  if (!f) return NULL;
  struct figures **node = tsearch(f, &t->by_name, compare_names);
  if (!node) return throw_away(f), NULL;
  if (*node != f) throw_away(f);
  else t->all[t->count++] = f;
  return *node;
}

struct figures *figures_find(const struct figures_table *t, const char *name) {
  for (size_t i = 0; i < t->count; i++)
    if (text_equals(text_of_stralloc(&t->all[i]->name), name)) return t->all[i];
  return NULL;
}

static void no_action(void *node) { (void)node; }

void figures_table_free(struct figures_table *t) {
  tdestroy(t->by_name, no_action);
  for (size_t i = 0; i < t->count; i++) throw_away(t->all[i]);
  free(t->all);
  *t = (struct figures_table){0};
}

/* ---- delays */

static int make_delays(struct figures *f, size_t more) {
  if (more <= f->delay_space - f->delay_count) return 0;
  size_t space = 2 * f->delay_space + more;
  uint64_t *grown = reallocarray(f->delays_us, space, sizeof *grown);
  if (!grown) return -1;
  f->delays_us = grown;
  f->delay_space = space;
  return 0;
}

int figures_delay(struct figures *f, uint64_t delay_us) {
  if (make_delays(f, 1) == -1) return -1;
  f->delays_us[f->delay_count++] = delay_us;
  return 0;
}

static int compare_delays(const void *a, const void *b) {
  const uint64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

void figures_sort(struct figures *f) {
  if (f->delay_count) qsort(f->delays_us, f->delay_count, sizeof *f->delays_us, compare_delays);
}

/* By the nearest rank: the least one that is not below so many percent. */
uint64_t figures_at(const struct figures *f, unsigned percent) {
  size_t rank = (f->delay_count * percent + 99) / 100;
  return f->delay_count ? f->delays_us[rank ? rank - 1 : 0] : 0;
}

/* ---- all together */

static int add(struct figures *sum, const struct figures *f) {
  if (make_delays(sum, f->delay_count) == -1) return -1;
  if (f->delay_count) memcpy(sum->delays_us + sum->delay_count, f->delays_us, f->delay_count * sizeof *f->delays_us);
  sum->delay_count += f->delay_count;
  sum->sent += f->sent;
  sum->delivered += f->delivered;
  sum->failed += f->failed;
  sum->waiting += f->waiting;
  sum->attempts += f->attempts;
  sum->deferrals += f->deferrals;
  sum->connections += f->connections;
  sum->probes += f->probes;
  return 0;
}

int figures_sum(struct figures *sum, const struct figures_table *t) {
  for (size_t i = 0; i < t->count; i++)
    if (add(sum, t->all[i]) == -1) return -1;
  figures_sort(sum);
  return 0;
}

static int compare_ranks(const void *a, const void *b) {
  const struct figures *x = *(struct figures *const *)a, *y = *(struct figures *const *)b;
  uint64_t slow = figures_at(x, 99), slower = figures_at(y, 99);
  if (slow != slower) return slow > slower ? -1 : 1;
  return compare_names(x, y);
}

void figures_rank(struct figures_table *t) {
  for (size_t i = 0; i < t->count; i++) figures_sort(t->all[i]);
  if (t->count) qsort(t->all, t->count, sizeof *t->all, compare_ranks);
}
