#include "config.h"
#include "queue/simulate/print.h"
#include <stdio.h>
#include <stdlib.h>
#include "lib/exitcode.h"
#include "queue/owlq/jsonline.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/screen.h"

enum { NAME_MAX_COLUMNS = 40, NAME_LEAST = 12, CELL = 32 };

typedef unsigned long long number;

/* ---- tables */

/* 0.42, 12.3, 7200: what matters of seconds. */
static const char *seconds(char to[CELL], uint64_t us) {
  double s = (double)us / 1e6;
  snprintf(to, CELL, s < 10 ? "%.2f" : s < 1000 ? "%.1f" : "%.0f", s);
  return to;
}

static int columns_of(const struct figures_table *t) {
  size_t most = NAME_LEAST;
  for (size_t i = 0; i < t->count; i++)
    if (t->all[i]->name.len > most) most = t->all[i]->name.len;
  return most < NAME_MAX_COLUMNS ? (int)most : NAME_MAX_COLUMNS;
}

static void print_row(const struct figures *f, struct text name) {
  char median[CELL], late[CELL], last[CELL];
  printf("%.*s %8llu %9llu %7llu %7llu %8llu %8llu %8llu %5llu %8s %8s %8s\n", (int)name.len, name.s, (number)f->sent,
         (number)f->delivered, (number)f->failed, (number)f->waiting, (number)f->attempts, (number)f->deferrals,
         (number)f->connections, (number)f->connections_most,
         seconds(median, figures_at(f, 50)), seconds(late, figures_at(f, 99)), seconds(last, figures_at(f, 100)));
}

/* The null reverse-path has a name that can be seen. */
static int print_named(const struct figures *f, int columns) {
  stralloc cell = {0};
  struct text name = f->name.len ? text_of_stralloc(&f->name) : text_of("<>");
  int code = TOOL_OK;
  if (screen_cat_column(&cell, name, (size_t)columns) == 0) print_row(f, text_of_stralloc(&cell));
  else code = owlq_complain("unable to print", "out of memory");
  stralloc_free(&cell);
  return code;
}

static int print_table(struct figures_table *t, const char *what, size_t rows) {
  int columns = columns_of(t), code = TOOL_OK;
  figures_rank(t);
  printf("%-*s %8s %9s %7s %7s %8s %8s %8s %5s %8s %8s %8s\n", columns, what, "sent", "delivered", "failed", "waiting",
         "attempts", "deferred", "connects", "most", "median", "99%", "longest");
  for (size_t i = 0; code == TOOL_OK && i < t->count && i < rows; i++) code = print_named(t->all[i], columns);
  if (t->count > rows) printf("... and %zu others\n", t->count - rows);
  return code;
}

static int print_total(const struct simulation *s, const struct figures *sum) {
  char median[CELL], late[CELL], last[CELL], took[CELL];
  printf("%llu messages, %llu recipients in %s s: %llu delivered, %llu failed, %llu waiting; %llu attempts, %llu deferred\n"
         "delay in seconds: median %s, 99%% %s, longest %s\n",
         (number)s->message_count, (number)sum->sent, seconds(took, simulation_now_us(s)), (number)sum->delivered,
         (number)sum->failed, (number)sum->waiting, (number)sum->attempts, (number)sum->deferrals,
         seconds(median, figures_at(sum, 50)), seconds(late, figures_at(sum, 99)), seconds(last, figures_at(sum, 100)));
  return TOOL_OK;
}

int print_tables(struct simulation *s, size_t rows) {
  struct figures sum = {0};
  int code = print_table(&s->destinations, "destination", rows);
  if (code == TOOL_OK) printf("\n");
  if (code == TOOL_OK) code = print_table(&s->senders, "sender", rows);
  if (code == TOOL_OK) printf("\n");
  if (code == TOOL_OK)
    code = figures_sum(&sum, &s->destinations) == 0 ? print_total(s, &sum) : owlq_complain("unable to print", "out of memory");
  figures_free(&sum);
  return code;
}

/* ---- JSON */

static void put_figures(struct jsonline *j, const struct figures *f) {
  jsonline_number(j, "recipients", f->sent);
  jsonline_number(j, "delivered", f->delivered);
  jsonline_number(j, "failed", f->failed);
  jsonline_number(j, "waiting", f->waiting);
  jsonline_number(j, "attempts", f->attempts);
  jsonline_number(j, "deferrals", f->deferrals);
  jsonline_number(j, "delay_median_us", figures_at(f, 50));
  jsonline_number(j, "delay_99_us", figures_at(f, 99));
  jsonline_number(j, "delay_longest_us", figures_at(f, 100));
}

static int put_line(const struct figures *f, const char *key, bool connects) {
  struct jsonline j;
  jsonline_begin(&j);
  jsonline_text(&j, key, text_of_stralloc(&f->name));
  put_figures(&j, f);
  if (connects) {
    jsonline_number(&j, "connections", f->connections);
    jsonline_number(&j, "connections_most", f->connections_most);
    jsonline_number(&j, "probes", f->probes);
    jsonline_number(&j, "probes_most", f->probes_most);
  }
  return jsonline_put(&j);
}

static int put_table(struct figures_table *t, const char *key, bool connects) {
  int code = TOOL_OK;
  figures_rank(t);
  for (size_t i = 0; code == TOOL_OK && i < t->count; i++) code = put_line(t->all[i], key, connects);
  return code;
}

static int put_total(const struct simulation *s, const struct figures *sum) {
  struct jsonline j;
  jsonline_begin(&j);
  jsonline_number(&j, "messages", s->message_count);
  jsonline_number(&j, "simulated_us", simulation_now_us(s));
  put_figures(&j, sum);
  return jsonline_put(&j);
}

int print_json(struct simulation *s) {
  struct figures sum = {0};
  int code = put_table(&s->destinations, "destination", true);
  if (code == TOOL_OK) code = put_table(&s->senders, "sender", false);
  if (code == TOOL_OK)
    code = figures_sum(&sum, &s->destinations) == 0 ? put_total(s, &sum) : owlq_complain("unable to print", "out of memory");
  figures_free(&sum);
  return code;
}
