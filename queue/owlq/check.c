/* owlq check [--repair] [--json]: whether everything in the queue is as it
 * should be. */
#include "config.h"
#include "queue/owlq/check.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/room.h"
#include "queue/owlq/jsonline.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/owner.h"
#include "queue/owlq/screen.h"

enum { TIMES_MAX = 4 }; /* an entry can have several faults, one behind the other */

/* ---- entries */

int entries_add(struct entries *list, const char *folder, const char *name) {
  if (room_make(&list->each, list->count, &list->space, sizeof *list->each, 64) == -1) return -1;
  struct entry *e = &list->each[list->count];
  snprintf(e->folder, sizeof e->folder, "%s", folder);
  if (!(e->name = strdup(name))) return -1;
  list->count++;
  return 0;
}

void entries_free(struct entries *list) {
  for (size_t i = 0; i < list->count; i++) free(list->each[i].name);
  free(list->each);
  *list = (struct entries){0};
}

static int read_names(DIR *d, const char *folder, struct entries *list) {
  struct dirent *entry;
  while (errno = 0, (entry = readdir(d)))
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
        entries_add(list, folder, entry->d_name) == -1)
      return errno = ENOMEM, -1;
  return errno ? -1 : 0;
}

static int list_folder(const struct check *c, const char *folder, struct entries *list) {
  int fd = openat(c->store.queue_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *d = fd == -1 ? NULL : fdopendir(fd);
  if (!d) return owlq_unable("read", folder);
  int r = read_names(d, folder, list);
  if (r == -1) owlq_unable("read", folder);
  closedir(d);
  return r == 0 ? TOOL_OK : TOOL_SYSTEM;
}

/* ---- saying it */

static int print_json(const char *path, const char *why, const char *outcome, bool mended) {
  struct jsonline line;
  jsonline_begin(&line);
  jsonline_text(&line, "path", text_of(path));
  jsonline_string(&line, "fault", why);
  jsonline_flag(&line, "repaired", mended);
  jsonline_string(&line, "outcome", outcome);
  return jsonline_put(&line);
}

/* Who may create files chooses their names. */
static void print_plain(const char *path, const char *why, const char *outcome) {
  screen_text(text_of(path));
  printf(": %s%s%s\n", why, *outcome ? ": " : "", outcome);
}

static void report(struct check *c, const char *path, const char *outcome, bool mended) {
  const char *why = c->why.s;
  progress_end(&c->progress);
  c->faults++;
  if (mended) c->mended++;
  if (c->json) print_json(path, why, outcome, mended);
  else print_plain(path, why, outcome);
}

/* ---- the folders, and what lies beside them */

static void mend_place(struct check *c, const struct place *p) {
  struct stat st;
  bool other = fstatat(c->store.queue_fd, p->path, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IFMT) != p->type;
  int r = other ? -1 : layout_make(c->store.queue_fd, p, &c->owners);
  if (r == 0 && S_ISFIFO(p->type)) c->made_poke = true;
  report(c, p->path, r == 0 ? "mended" : other ? "not mended" : strerror(errno), r == 0);
}

static void check_places(struct check *c) {
  struct place p;
  for (size_t n = 0; layout_place(&p, n); n++) {
    stralloc_zero(&c->why);
    if (layout_check(&c->why, c->store.queue_fd, &p, &c->owners) == -1 || c->why.len == 0) continue;
    if (!stralloc_0(&c->why)) continue;
    if (c->repair) mend_place(c, &p);
    else report(c, p.path, "", false);
  }
}

/* What nobody of us looks at is only named. */
static int check_names(struct check *c, const char *folder) {
  struct entries list = {0};
  int code = list_folder(c, folder, &list);
  for (size_t i = 0; i < list.count; i++) {
    char path[16 + 256 + 2];
    snprintf(path, sizeof path, "%s/%s", folder, list.each[i].name);
    if (layout_knows(path)) continue;
    if (stralloc_copys(&c->why, "it does not belong here") && stralloc_0(&c->why))
      report(c, path, c->repair ? "left alone" : "", false);
  }
  entries_free(&list);
  return code;
}

/* ---- messages and logs */

static bool is_message(const char *name) {
  struct queueid id;
  return queueid_parse(&id, text_of(name));
}

static int look_at_folder(struct check *c, const char *folder) {
  struct entries list = {0};
  int code = list_folder(c, folder, &list);
  for (size_t i = 0; i < list.count; i++) {
    c->messages += is_message(list.each[i].name);
    if (check_look(c, &list.each[i]) != FAULT_NONE &&
        entries_add(&c->suspects, folder, list.each[i].name) == -1)
      code = owlq_complain("unable to go on", "out of memory");
  }
  entries_free(&list);
  return code;
}

static int look_everywhere(struct check *c) {
  char folder[16];
  int code = look_at_folder(c, "todo");
  if (look_at_folder(c, "tmp") != TOOL_OK) code = TOOL_SYSTEM;
  for (unsigned i = 0; i < QUEUEID_FOLDERS; i++) {
    progress_step(&c->progress, i, QUEUEID_FOLDERS);
    store_wait_folder(folder, i);
    if (look_at_folder(c, folder) != TOOL_OK) code = TOOL_SYSTEM;
  }
  return code;
}

static int ask_runner(struct check *c, unsigned type) {
  struct ctl_reply reply;
  return link_send(&c->link, type, &(struct ctl_request){0}) == 0 && link_receive(&c->link, &reply) == 0
           ? TOOL_OK
           : TOOL_SYSTEM;
}

/* Whatever the runner was doing it has done when it has answered; and a log
 * whose message had gone by then has gone, too. */
static int await_runner(struct check *c) { return c->live ? ask_runner(c, CTL_SYNC) : TOOL_OK; }

/* Its message may have gone since. */
static enum fault look_again(struct check *c, const struct entry *e) {
  enum fault f = check_look(c, e);
  if (f != FAULT_FILES || !c->live || is_message(e->name) || await_runner(c) != TOOL_OK) return f;
  return check_look(c, e);
}

/* Until nothing is wrong with it any more. */
static void settle_entry(struct check *c, const struct entry *e) {
  char path[16 + 256 + 2];
  enum fault f;
  snprintf(path, sizeof path, "%s/%s", e->folder, e->name);
  for (int times = 0; times < TIMES_MAX && (f = look_again(c, e)) != FAULT_NONE; times++) {
    const char *what = "";
    const char *failed = c->repair ? check_mend(c, e, f, &what) : "";
    report(c, path, failed ? failed : what, !failed);
    if (failed) return;
  }
}

static int check_messages(struct check *c) {
  progress_begin(&c->progress, "checking the queue");
  int code = look_everywhere(c);
  if (c->suspects.count && await_runner(c) != TOOL_OK) code = TOOL_SYSTEM;
  for (size_t i = 0; i < c->suspects.count; i++) settle_entry(c, &c->suspects.each[i]);
  progress_end(&c->progress);
  return code;
}

/* ---- the command */

static int sync_all(struct check *c) {
  if (!store_is_dirty(&c->store)) return TOOL_OK;
  return store_sync(&c->store) == 0 ? TOOL_OK : owlq_unable("sync", "the queue");
}

static size_t count_bad(const struct check *c) {
  struct entries list = {0};
  size_t bad = 0;
  (void)list_folder(c, "bad", &list);
  for (size_t i = 0; i < list.count; i++) bad += is_message(list.each[i].name);
  entries_free(&list);
  return bad;
}

/* What lies in bad/ has been said when it came there; its number is no fault. */
static int summarize(const struct check *c, int code) {
  if (!c->json)
    printf("%zu message%s, %zu fault%s, %zu mended, %zu in bad/\n", c->messages, c->messages == 1 ? "" : "s",
           c->faults, c->faults == 1 ? "" : "s", c->mended, count_bad(c));
  return code == TOOL_OK && c->faults > c->mended ? TOOL_SYSTEM : code;
}

static int lock_if_alone(struct check *c) {
  if (c->live || !c->repair) return TOOL_OK;
  if (owner_become(c->store.queue_fd) == -1) return owlq_unable("become", "the queue's owner");
  int code = owner_lock(&c->store);
  owner_end();
  return code;
}

static int check(struct check *c) {
  check_places(c);
  int code = lock_if_alone(c);
  if (code != TOOL_OK) return code;
  code = check_names(c, ".");
  if (check_names(c, "wait") != TOOL_OK) code = TOOL_SYSTEM;
  if (check_messages(c) != TOOL_OK) code = TOOL_SYSTEM;
  if (sync_all(c) != TOOL_OK) code = TOOL_SYSTEM;
  /* the runner looks again for its FIFO when it looks through todo/ */
  if (c->made_poke && c->live && ask_runner(c, CTL_RESCAN) != TOOL_OK) code = TOOL_SYSTEM;
  return summarize(c, code);
}

/* The owner of a queue that is not private may look, too. */
static int find_owners(struct check *c) {
  struct stat st;
  if (fstat(c->store.queue_fd, &st) == -1) return owlq_unable("look at", "the queue");
  return owners_find(&c->owners, geteuid() != 0 && !(st.st_mode & 070));
}

int owlq_check(struct control *control, int argc, char **argv) {
  struct check c = {0};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--repair") == 0) c.repair = true;
    else if (strcmp(argv[i], "--json") == 0) c.json = true;
    else return owlq_usage("check [--repair] [--json]");
  }
  int code = owlq_open_store(control, &c.store);
  if (code != TOOL_OK) return code;
  c.live = link_open(&c.link, control) == 0;
  code = find_owners(&c);
  if (code == TOOL_OK) code = check(&c);
  link_close(&c.link);
  entries_free(&c.suspects);
  stralloc_free(&c.why);
  stralloc_free(&c.said);
  store_close(&c.store);
  return code;
}
