#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "queue/owlq/progress.h"
#include "queue/simulate/simulation.h"

static const uint64_t first_boot_us = UINT64_C(1000) * 1000000,
                      first_wall_us = UINT64_C(1800000000) * 1000000;
static const uint64_t longest_us = UINT64_C(366) * 86400 * 1000000; /* who never ends has a fault */

static uint64_t wall(void *context) { return ((struct simulation *)context)->wall_us; }
static uint64_t boot(void *context) { return ((struct simulation *)context)->boot_us; }

uint64_t simulation_now_us(const struct simulation *s) { return s->boot_us - s->began_us; }

int simulation_fail(struct simulation *s, const char *what, const char *why) {
  if (!s->error[0]) snprintf(s->error, sizeof s->error, "%s: %s", what, why);
  return -1;
}

struct figures *simulation_destination(struct simulation *s, struct text address) {
  stralloc_zero(&s->name);
  if (route_find(&s->runner.settings.routes, TEXT_ABSENT, address, &s->route) == -1 || lane_cat_name(&s->name, &s->route) == -1)
    return NULL;
  return figures_named(&s->destinations, text_of_stralloc(&s->name), true);
}

/* ---- settings: the instance's own, as far as the runner reads them, then the scenario's */

static void control_path(const struct simulation *s, enum control_name name, char path[2 * PRIVATEQUEUE_PATH_MAX]) {
  snprintf(path, 2 * PRIVATEQUEUE_PATH_MAX, "%s/control/%s", s->folder, control_table[name].name);
}

static int write_setting(struct simulation *s, enum control_name name, struct text value, int flags) {
  char path[2 * PRIVATEQUEUE_PATH_MAX];
  control_path(s, name, path);
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  int r = fd == -1 ? -1 : io_write_all(fd, value.s, value.len, IO_FOREVER);
  if (r == 0) r = io_write_all(fd, "\n", 1, IO_FOREVER);
  if (fd >= 0) close(fd);
  return r == 0 ? 0 : simulation_fail(s, control_table[name].name, strerror(errno));
}

/* Lines that set the same thing at the same time are the lines of one file. */
static int set(struct simulation *s, const struct change *o) {
  bool more = s->set_at_us[o->setting] == o->at_us;
  s->set_at_us[o->setting] = o->at_us;
  return write_setting(s, o->setting, o->value, more ? O_APPEND : O_TRUNC);
}

static int copy_setting(struct simulation *s, enum control_name name) {
  stralloc path = {0}, content = {0};
  int r = -1;
  errno = ENOMEM;
  if (stralloc_copys(&path, s->base->folder.s) && stralloc_cats(&path, "/") &&
      stralloc_cats(&path, control_table[name].name) && stralloc_0(&path))
    r = io_slurp_file(path.s, &content, CONTROL_FILE_MAX);
  if (r == 0) r = write_setting(s, name, text_of_stralloc(&content), O_TRUNC);
  else if (errno == ENOENT) r = 0;
  else simulation_fail(s, path.s, strerror(errno));
  stralloc_free(&path);
  stralloc_free(&content);
  return r;
}

static int copy_settings(struct simulation *s) {
  char folder[2 * PRIVATEQUEUE_PATH_MAX];
  snprintf(folder, sizeof folder, "%s/control", s->folder);
  if (mkdir(folder, 0700) == -1) return simulation_fail(s, folder, strerror(errno));
  for (unsigned i = 0; s->base && i < CONTROL_COUNT; i++)
    if (strstr(control_table[i].readers, "send") && copy_setting(s, (enum control_name)i) == -1) return -1;
  /* no message comes without a poke: who looks for one loses time */
  return write_setting(s, CONTROL_RESCANINTERVAL, text_of("86400"), O_TRUNC);
}

static int load_settings(struct simulation *s) {
  return runner_load_settings(&s->runner) == 0 ? 0 : simulation_fail(s, "settings", s->runner.control.error.s);
}

/* ---- the runner's life */

static int start(struct simulation *s) {
  struct runner *r = &s->runner;
  struct player player = roles_player;
  player.context = s;
  *r = (struct runner){.clock = &s->clock, .log = &s->log, .deliveries = 1, .spawners = {{.sock = -1}, {.sock = -1}}};
  if (store_open(&r->store, s->folder) == -1) return simulation_fail(s, s->folder, strerror(errno));
  if (control_open(&r->control) == -1 || !stralloc_copys(&r->control.folder, s->folder) ||
      !stralloc_cats(&r->control.folder, "/control") || !stralloc_0(&r->control.folder))
    return simulation_fail(s, "settings", "out of memory");
  if (load_settings(s) == -1) return -1;
  if (operator_load_holds(r) == -1) return simulation_fail(s, "what is held", strerror(errno));
  return played_open(&s->played, r, &player) == 0 ? 0 : simulation_fail(s, "agents", strerror(errno));
}

static void crash(struct simulation *s) {
  roles_leave(s);
  played_close(&s->played, &s->runner);
  runner_free(&s->runner);
}

/* ---- changes */

static int hold(struct simulation *s, struct text name, bool held) {
  return operator_hold_destination(&s->runner, name, held, 0) == 0 ? 0 : simulation_fail(s, "hold", strerror(errno));
}

static int carry_out(struct simulation *s, const struct change *o, bool *reload) {
  switch (o->kind) {
    case CHANGE_SET: *reload = true; return set(s, o);
    case CHANGE_DESTINATION: return 0; /* hosts see that there are more changes */
    case CHANGE_HOLD: return hold(s, o->name, true);
    case CHANGE_RELEASE: return hold(s, o->name, false);
    case CHANGE_FLUSH: return runner_hurry(&s->runner, NULL), 0;
    case CHANGE_RESTART: return crash(s), start(s);
  }
  return 0;
}

static uint64_t changes_next_us(const struct simulation *s) {
  return s->changes < s->scenario->change_count ? s->scenario->changes[s->changes].at_us : UINT64_MAX;
}

static int changes_due(struct simulation *s) {
  bool reload = false;
  while (changes_next_us(s) <= simulation_now_us(s))
    if (carry_out(s, &s->scenario->changes[s->changes++], &reload) == -1) return -1;
  return reload ? load_settings(s) : 0;
}

/* ---- time */

static uint64_t earliest(uint64_t a, uint64_t b) { return a < b ? a : b; }

static void advance_to(struct simulation *s, uint64_t boot_us) {
  s->wall_us += boot_us - s->boot_us;
  s->boot_us = boot_us;
}

static bool all_is_done(const struct simulation *s) {
  return arrivals_next_us(s) == UINT64_MAX && waitlist_waiting(&s->runner.waitlist) == 0 && !s->runner.actives;
}

static uint64_t since_beginning(const struct simulation *s, uint64_t boot_us) {
  return boot_us == UINT64_MAX ? boot_us : boot_us - s->began_us;
}

/* It looks at the clock each 64 steps only, and these here are none of one. */
static void show_progress(const struct simulation *s, struct progress *p) {
  uint64_t all = s->recording ? s->recording->count : 0;
  for (size_t i = 0; i < s->scenario->load_count; i++) all += s->scenario->loads[i].count;
  uint64_t open = waitlist_waiting(&s->runner.waitlist) + s->runner.active_count;
  if (open < s->message_count) progress_step(p, (size_t)(s->message_count - open) / 64 * 64, (size_t)all);
}

static int live(struct simulation *s, struct progress *p) {
  uint64_t end_us = earliest(s->scenario->end_us, longest_us), next_us;
  while (!s->stop || !*s->stop) {
    if (changes_due(s) == -1 || arrivals_make(s) == -1 || roles_due(s) == -1) return -1;
    if (played_settle(&s->played, &s->runner, &next_us) == -1)
      return simulation_fail(s, "the runner", errno == EDEADLK ? "it finds no rest" : strerror(errno));
    if (all_is_done(s)) return 0;
    next_us = earliest(since_beginning(s, next_us), since_beginning(s, agenda_next_us(&s->agenda)));
    next_us = earliest(next_us, earliest(arrivals_next_us(s), changes_next_us(s)));
    if (next_us > end_us) return advance_to(s, s->began_us + end_us), 0;
    advance_to(s, s->began_us + next_us);
    show_progress(s, p);
  }
  return 0;
}

/* ---- what is left at the end */

static int count_recipients(struct simulation *s, const struct message *m) {
  const struct envelope *e = &m->file.envelope;
  struct figures *sender = figures_named(&s->senders, e->sender, false);
  for (size_t i = 0; i < e->recipient_count; i++) {
    if (m->states[i].progress != RECIPIENT_WAITING) continue;
    struct figures *to = simulation_destination(s, e->recipients[i].address);
    if (!to || !sender) return -1;
    to->waiting++;
    sender->waiting++;
    if (e->kind != KIND_MAIL) to->sent++, sender->sent++; /* as in roles.c */
  }
  return 0;
}

static int count_waiting(void *context, const struct queueid *id) {
  struct simulation *s = context;
  struct message m;
  const char *reason;
  if (message_load(&m, &s->store, id, &reason) != MESSAGE_OK) return 0;
  int r = count_recipients(s, &m);
  message_free(&m);
  return r;
}

static int count_all_waiting(struct simulation *s) {
  char folder[16];
  int r = store_scan(&s->store, "todo", count_waiting, s);
  for (unsigned i = 0; r == 0 && i < QUEUEID_FOLDERS; i++) {
    store_wait_folder(folder, i);
    r = store_scan(&s->store, folder, count_waiting, s);
  }
  return r == 0 ? 0 : simulation_fail(s, "what waits at the end", strerror(errno));
}

/* Some fail without an attempt, at the end of their time. */
static void count_failed(struct figures_table *t) {
  for (size_t i = 0; i < t->count; i++) {
    struct figures *f = t->all[i];
    f->failed = f->sent > f->delivered + f->waiting ? f->sent - f->delivered - f->waiting : 0;
  }
}

/* ---- all of it */

static int begin(struct simulation *s) {
  if (privatequeue_make(s->folder, &s->store) == -1) {
    s->folder[0] = 0;
    return simulation_fail(s, "a queue of its own", strerror(errno));
  }
  if (copy_settings(s) == -1 || start(s) == -1 || arrivals_begin(s) == -1) return -1;
  return 0;
}

int simulation_run(struct simulation *s, const struct scenario *scenario, const struct recording *recording,
                   const struct control *base, uint64_t seed, int log_fd, const volatile sig_atomic_t *stop) {
  *s = (struct simulation){.scenario = scenario, .recording = recording, .base = base, .chance = {seed}, .stop = stop,
                           .log.fd = log_fd, .boot_us = first_boot_us, .began_us = first_boot_us, .wall_us = first_wall_us,
                           .played = {.ready = -1, .spawners = {-1, -1}}};
  struct progress progress;
  if (recording && recording->count) s->wall_us = recording->messages[0].arrival_us;
  s->clock = (struct clock){wall, boot, s};
  for (int channel = 0; channel < 2; channel++) s->default_models[channel] = scenario_model((enum route_channel)channel);
  for (unsigned i = 0; i < CONTROL_COUNT; i++) s->set_at_us[i] = UINT64_MAX;
  if (begin(s) == -1) return -1;
  progress_begin(&progress, "simulating");
  int r = live(s, &progress);
  progress_end(&progress);
  if (r == 0) r = count_all_waiting(s);
  count_failed(&s->destinations);
  count_failed(&s->senders);
  return r;
}

void simulation_free(struct simulation *s) {
  if (s->folder[0]) {
    if (s->runner.clock) crash(s);
    store_close(&s->store);
    (void)privatequeue_remove(s->folder);
  }
  roles_free(s);
  for (size_t i = 0; i < s->destinations.count; i++) free(s->destinations.all[i]->host);
  figures_table_free(&s->destinations);
  figures_table_free(&s->senders);
  route_free(&s->route);
  stralloc_free(&s->body);
  stralloc_free(&s->name);
  stralloc_free(&s->log.line);
  free(s->next_us);
  free(s->messages);
}
