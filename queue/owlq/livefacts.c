#include "config.h"
#include "queue/owlq/livefacts.h"
#include <errno.h>
#include <string.h>
#include "queue/owlq/screen.h"
#include "queue/owlq/snapshot.h"
#include "queue/owlq/statsview.h"

static void note_number(struct facts *f, const char *kind, uint64_t n, const char *words) {
  fact_begin(f, kind);
  fact_u(f, n);
  fact_s(f, words);
  fact_detail_u(f, "value", n);
  fact_end(f);
}

static void note_window(struct facts *f, const struct ctlstats_destination *d) {
  fact_begin(f, "window");
  fact_u(f, d->window);
  fact_s(f, " deliveries to it may run now, at most ");
  fact_u(f, d->window_most);
  fact_detail_u(f, "value", d->window);
  fact_detail_u(f, "most", d->window_most);
  fact_end(f);
}

static void note_rate(struct facts *f, const struct ctlstats_destination *d) {
  fact_begin(f, "rate");
  fact_u(f, d->rate);
  fact_s(f, " jobs in ");
  fact_u(f, d->rate_s);
  fact_s(f, " s");
  fact_detail_u(f, "jobs", d->rate);
  fact_detail_u(f, "seconds", d->rate_s);
  fact_end(f);
}

static void note_state(struct facts *f, const struct ctlstats_destination *d) {
  stralloc state = {0};
  if (statsview_cat_state(&state, d) == 0)
    fact_say(f, "state", state.len ? "" : "takes mail now", text_of_stralloc(&state));
  stralloc_free(&state);
}

static void note_error(struct facts *f, const struct snapshot *s, const struct ctlstats_destination *d) {
  stralloc age = {0};
  if (screen_cat_age(&age, snapshot_age(s, d->last_error_us)) == 0) {
    fact_begin(f, "lasterror");
    fact_t(f, text_of_stralloc(&age));
    fact_s(f, " ago: ");
    fact_t(f, d->last_error);
    fact_detail(f, "value", d->last_error);
    fact_end(f);
  }
  stralloc_free(&age);
}

static void note(struct facts *f, const struct snapshot *s, const struct ctlstats_destination *d) {
  fact_begin(f, "destination");
  fact_s(f, "the runner calls it ");
  fact_t(f, d->name);
  fact_detail(f, "value", d->name);
  fact_end(f);
  note_state(f, d);
  note_number(f, "waiting", d->waiting, " messages wait for it");
  note_number(f, "active", d->active, " jobs for it are under way or about to be");
  if (d->window_most) note_window(f, d);
  if (d->rate) note_rate(f, d);
  if (d->last_error.len) note_error(f, s, d);
}

void livefacts(struct facts *f, struct control *c, struct text sender, struct text address) {
  const struct ctlstats_request request = {.address = address, .sender = sender};
  struct snapshot s = {0};
  struct link l;
  if (link_open(&l, c) == -1) {
    fact_say(f, "unseen", "the runner cannot be asked: ", text_of(strerror(errno)));
    return;
  }
  if (snapshot_take(&s, &l, &request) == -1) fact_say(f, "unseen", "the runner gave no answer", TEXT_ABSENT);
  else if (s.count) note(f, &s, &s.rows[0].d);
  snapshot_free(&s);
  link_close(&l);
}
