/* hold, release, retry, expire, bounce, delete: which messages, whether that is
 * meant, and what became of it.  The runner does it; without one owlq does. */
#include "config.h"
#include "queue/notes.h"
#include "queue/owlq/change.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/exitcode.h"
#include "queue/owlq/ids.h"
#include "queue/owlq/link.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/owner.h"
#include "queue/owlq/select.h"

/* Requests that may be under way: enough that the runner never waits for us. */
enum { WINDOW = 8 };

/* ---- which ones */

static int take_own(struct change *x, const char *word) {
  const struct {
    const char *name;
    bool *to;
  } own[] = {{"--dry-run", &x->dry_run}, {"--yes", &x->yes}, {"--json", &x->json}, {"--all", &x->all}};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    if (strcmp(own[i].name, word) == 0) return *own[i].to = true, 0;
  return -1;
}

int change_parse(struct change *x, int argc, char **argv) {
  for (int at = 1; at < argc;) {
    switch (filter_take(&x->filter, argc, argv, &at)) {
      case FILTER_TAKEN: break;
      case FILTER_WRONG: return owlq_usage(filter_error(&x->filter));
      case FILTER_NOT_MINE:
        if (take_own(x, argv[at++]) == -1) return owlq_usage("hold|release|retry|expire|bounce|delete "
          "[--dry-run] [--yes] [--json] --all | ID... | FILTER");
    }
  }
  if (filter_is_empty(&x->filter) != x->all)
    return owlq_usage(x->all ? "either --all or a filter" : "say which messages: ids, a filter (owlq(8)), or --all");
  return TOOL_OK;
}

static int keep(void *context, const struct selected *m) {
  struct change *x = context;
  if (m->in_bad_folder && x->what != ORDER_DELETE) return 0;
  return ids_add(&x->ids, m->id) == 0 ? 0 : (x->no_memory = true, -1);
}

static void passed(void *context, size_t done, size_t of) {
  struct change *x = context;
  progress_step(&x->progress, done, of);
}

/* Whole ids are taken as they are: nothing of the queue need be read. */
static int gather(struct change *x, struct store *s) {
  if (x->all) return ids_scan(&x->ids, s);
  if (!filter_needs_messages(&x->filter) && x->filter.ids.count)
    return ids_resolve(&x->ids, s, &x->filter.ids);
  struct selection all = {.store = s,
                          .filter = &x->filter,
                          .now_us = clock_wall_us(&clock_system),
                          .found = keep,
                          .passed = passed,
                          .context = x};
  progress_begin(&x->progress, "reading the queue");
  int code = select_messages(&all);
  progress_end(&x->progress);
  return x->no_memory ? owlq_complain("unable to go on", "out of memory") : code;
}

/* ---- whether that is meant */

static bool is_mass(const struct change *x) {
  return x->all || filter_needs_messages(&x->filter) || x->filter.ids.count == 0;
}

static int ask(const struct change *x) {
  char line[16];
  if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
    fprintf(stderr, "owlq: this would %s %zu message%s: --yes does it, --dry-run names them\n",
            order_name(x->what), x->ids.count, x->ids.count == 1 ? "" : "s");
    return TOOL_USAGE;
  }
  fprintf(stderr, "%s %zu message%s? [y/N] ", order_name(x->what), x->ids.count, x->ids.count == 1 ? "" : "s");
  if (fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y')) return TOOL_OK;
  fprintf(stderr, "owlq: nothing has been done\n");
  return TOOL_USAGE;
}

/* ---- doing it */

static void note(struct change *x, size_t at, enum outcome o, const char *why) {
  x->outcomes[at] = (char)o;
  if (o == OUTCOME_FAILED) owlq_complain(x->ids.each[at].s, why);
}

static int send_some(struct change *x, struct link *l, size_t from) {
  static const unsigned types[ORDERS] = {CTL_HOLD, CTL_RELEASE, CTL_RETRY, CTL_EXPIRE, CTL_RETURN, CTL_DELETE};
  struct ctl_request request = {0};
  stralloc ids = {0};
  for (size_t i = from; i < x->ids.count && i < from + CTL_MESSAGES_MAX; i++)
    if (!stralloc_cats(&ids, x->ids.each[i].s)) return owlq_complain("unable to go on", "out of memory"), -1;
  request.messages = text_of_stralloc(&ids);
  int r = link_send(l, types[x->what], &request);
  stralloc_free(&ids);
  return r;
}

static int take_some(struct change *x, struct link *l, size_t from) {
  struct ctl_reply reply;
  char why[128] = "the runner's log says why";
  if (link_receive(l, &reply) == -1) return -1;
  if (reply.text.len) snprintf(why, sizeof why, "%.*s", (int)reply.text.len, reply.text.s);
  for (size_t i = 0; i < reply.outcomes.len && from + i < x->ids.count; i++)
    note(x, from + i, (enum outcome)reply.outcomes.s[i], why);
  return 0;
}

static int by_runner(struct change *x, struct link *l) {
  size_t sent = 0, taken = 0;
  while (taken < x->ids.count) {
    progress_step(&x->progress, taken, x->ids.count);
    if (sent < x->ids.count && sent - taken < (size_t)WINDOW * CTL_MESSAGES_MAX) {
      if (send_some(x, l, sent) == -1) return TOOL_SYSTEM;
      sent += CTL_MESSAGES_MAX;
      continue;
    }
    if (take_some(x, l, taken) == -1) return TOOL_SYSTEM;
    taken += CTL_MESSAGES_MAX;
  }
  return TOOL_OK;
}

static int do_all(struct change *x, struct store *s, stralloc *notes) {
  struct orderer by = {.uid = getuid(), .now_us = clock_wall_us(&clock_system)};
  struct ordered after;
  for (size_t i = 0; i < x->ids.count; i++) {
    progress_step(&x->progress, i, x->ids.count);
    enum outcome o = order_carry_out(s, &x->ids.each[i], x->what, &by, &after);
    note(x, i, o, strerror(errno));
    if (o == OUTCOME_DONE && notes_cat(notes, x->what, &x->ids.each[i], by.uid) == -1)
      return owlq_complain("unable to go on", "out of memory");
  }
  return TOOL_OK;
}

static int by_ourselves(struct change *x, struct store *s) {
  stralloc notes = {0};
  if (owner_become(s->queue_fd) == -1) return owlq_unable("become", "the queue's owner");
  int code = owner_lock(s);
  if (code == TOOL_OK) {
    code = do_all(x, s, &notes);
    if (notes_write(s->queue_fd, &notes) == -1) code = owlq_unable("write", "the queue's file orders");
    if (store_sync(s) == -1) code = owlq_unable("sync", "the queue");
  }
  stralloc_free(&notes);
  owner_end();
  return code;
}

static int carry_out(struct change *x, struct control *c, struct store *s) {
  struct link l;
  x->outcomes = calloc(x->ids.count + 1, 1);
  if (!x->outcomes) return owlq_complain("unable to start", "out of memory");
  bool runs = link_open(&l, c) == 0;
  progress_begin(&x->progress, order_name(x->what));
  int code = runs ? by_runner(x, &l) : by_ourselves(x, s);
  progress_end(&x->progress);
  if (runs) link_close(&l);
  return code;
}

/* ---- the command */

static int change(struct change *x, struct control *c, struct store *s) {
  int code = gather(x, s);
  if (code != TOOL_OK && !is_mass(x)) return code;
  if (x->dry_run) return change_report(x, code);
  if (x->ids.count && is_mass(x) && !x->yes) {
    int answer = ask(x);
    if (answer != TOOL_OK) return answer;
  }
  int done = x->ids.count ? carry_out(x, c, s) : TOOL_OK;
  return change_report(x, done == TOOL_OK ? code : done);
}

static enum order order_of(const char *name) {
  for (int what = 0; what < ORDERS; what++)
    if (strcmp(order_name((enum order)what), name) == 0) return (enum order)what;
  return ORDER_HOLD;
}

int owlq_change(struct control *c, int argc, char **argv) {
  struct change x = {.what = order_of(argv[0])};
  struct store s;
  int code = change_parse(&x, argc, argv);
  if (code == TOOL_OK) code = owlq_open_store(c, &s);
  if (code == TOOL_OK) {
    code = change(&x, c, &s);
    store_close(&s);
  }
  filter_free(&x.filter);
  ids_free(&x.ids);
  free(x.outcomes);
  return code;
}
