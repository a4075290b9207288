#include "config.h"
#include "queue/owlq/view.h"
#include <stdio.h>
#include "lib/clock.h"
#include "lib/exitcode.h"
#include "queue/owlq/options.h"
#include "queue/owlq/owlq.h"

static int take(struct view *v, struct filter *f, int argc, char **argv, const char *usage) {
  for (int at = 1; at < argc;) {
    if (option_flag(argv, &at, "--json")) {
      v->json = true;
      continue;
    }
    enum filter_taken taken = filter_take(f, argc, argv, &at);
    if (taken == FILTER_NOT_MINE) return owlq_usage(usage);
    if (taken == FILTER_TAKEN) continue;
    fprintf(stderr, "owlq: %s\n", filter_error(f));
    return TOOL_USAGE;
  }
  return filter_is_empty(f) ? owlq_usage(usage) : TOOL_OK;
}

int view_messages(struct control *c, int argc, char **argv, const char *usage,
                  int (*found)(void *view, const struct selected *m)) {
  struct store store;
  struct filter filter = {0};
  struct view v = {.control = c, .store = &store, .now_us = clock_wall_us(&clock_system)};
  int code = take(&v, &filter, argc, argv, usage);
  if (code == TOOL_OK) code = owlq_open_store(c, &store);
  if (code == TOOL_OK) {
    code = select_messages(&(struct selection){
      .store = &store, .filter = &filter, .now_us = v.now_us, .found = found, .context = &v});
    if (code == TOOL_OK) code = v.code;
    store_close(&store);
  }
  filter_free(&filter);
  return code;
}
