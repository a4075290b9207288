#include "config.h"
#include <stdio.h>
#include "lib/exitcode.h"
#include "queue/owlq/change.h"
#include "queue/owlq/jsonline.h"
#include "queue/owlq/owlq.h"

static const struct {
  enum outcome outcome;
  const char *name;
} names[] = {{OUTCOME_DONE, "done"},
             {OUTCOME_ALREADY, "already so"},
             {OUTCOME_HELD, "held"},
             {OUTCOME_GONE, "no such message"},
             {OUTCOME_FAILED, "failed"},
             {(enum outcome)0, "not known"}};
enum { OUTCOMES = sizeof names / sizeof names[0] };

static const char *const past[ORDERS] = {"held", "released", "to be tried now", "to be tried a last time",
                                         "returned to their senders", "deleted"};

static size_t count(const struct change *x, enum outcome o) {
  size_t n = 0;
  for (size_t i = 0; i < x->ids.count; i++) n += x->outcomes && x->outcomes[i] == (char)o;
  return n;
}

static const char *name_of(char outcome) {
  for (size_t i = 0; i < OUTCOMES; i++)
    if ((char)names[i].outcome == outcome) return names[i].name;
  return "not known";
}

/* A line for each message. */
static int print_json(const struct change *x) {
  int code = TOOL_OK;
  for (size_t i = 0; code == TOOL_OK && i < x->ids.count; i++) {
    struct jsonline line;
    jsonline_begin(&line);
    jsonline_string(&line, "id", x->ids.each[i].s);
    jsonline_string(&line, "command", order_name(x->what));
    jsonline_string(&line, "outcome", x->dry_run ? "dry run" : name_of(x->outcomes[i]));
    code = jsonline_put(&line);
  }
  return code;
}

static void print_dry(const struct change *x) {
  for (size_t i = 0; i < x->ids.count; i++) printf("%s\n", x->ids.each[i].s);
  printf("would %s %zu message%s\n", order_name(x->what), x->ids.count, x->ids.count == 1 ? "" : "s");
}

static void print_done(const struct change *x) {
  size_t done = count(x, OUTCOME_DONE);
  printf("%zu message%s %s\n", done, done == 1 ? "" : "s", past[x->what]);
  for (size_t i = 1; i < OUTCOMES; i++)
    if (count(x, names[i].outcome)) printf("%zu: %s\n", count(x, names[i].outcome), names[i].name);
}

static void name_missing(const struct change *x) {
  for (size_t i = 0; i < x->ids.count; i++)
    if (x->outcomes[i] == OUTCOME_GONE) owlq_complain(x->ids.each[i].s, "no such message in the queue");
    else if (x->outcomes[i] == OUTCOME_HELD) owlq_complain(x->ids.each[i].s, "it is held: release it");
}

/* What comes and goes while a filter is at work is nobody's mistake. */
int change_report(const struct change *x, int code) {
  bool by_id = x->filter.ids.count > 0, done = !x->dry_run && x->outcomes;
  if (x->json) {
    int printed = print_json(x);
    if (printed != TOOL_OK) code = printed;
  }
  else if (x->dry_run) print_dry(x);
  else print_done(x);
  if (done && by_id) name_missing(x);
  if (done && (count(x, OUTCOME_FAILED) || count(x, (enum outcome)0))) code = TOOL_SYSTEM;
  if (done && by_id && count(x, OUTCOME_GONE) + count(x, OUTCOME_HELD)) code = TOOL_SYSTEM;
  return code;
}
