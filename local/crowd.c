#include "config.h"
#include "local/crowd.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct crowd_member {
  pid_t pid;
  char *user; /* owned, NUL-terminated */
};

static bool is_of(const struct crowd_member *m, struct text user) {
  return text_equal_nocase(text_of(m->user), user);
}

size_t crowd_count(const struct crowd *c, struct text user) {
  size_t found = 0;
  for (size_t i = 0; i < c->count; i++) found += is_of(&c->list[i], user);
  return found;
}

static int grow(struct crowd *c) {
  if (c->count >= CROWD_MAX) return errno = EAGAIN, -1;
  if (c->count < c->room) return 0;
  size_t room = c->room ? 2 * c->room : 64;
  struct crowd_member *list = reallocarray(c->list, room, sizeof *list);
  if (!list) return -1;
  for (size_t i = c->room; i < room; i++) list[i] = (struct crowd_member){0};
  c->list = list;
  c->room = room;
  return 0;
}

int crowd_reserve(struct crowd *c, struct text user) {
  if (grow(c) == -1) return -1;
  struct crowd_member *next = &c->list[c->count];
  free(next->user); /* of one that was not started */
  next->user = strndup(user.s, user.len);
  return next->user ? 0 : -1;
}

void crowd_add(struct crowd *c, pid_t pid) { c->list[c->count++].pid = pid; }

struct text crowd_user(const struct crowd *c, pid_t pid) {
  for (size_t i = 0; i < c->count; i++)
    if (c->list[i].pid == pid) return text_of(c->list[i].user);
  return TEXT_ABSENT;
}

bool crowd_end(struct crowd *c, pid_t pid) {
  for (size_t i = 0; i < c->count; i++) {
    if (c->list[i].pid != pid) continue;
    struct crowd_member last = c->list[--c->count], gone = c->list[i];
    c->list[i] = last;
    c->list[c->count] = (struct crowd_member){0};
    free(gone.user);
    return true;
  }
  return false;
}

void crowd_free(struct crowd *c) {
  for (size_t i = 0; i < c->room; i++) free(c->list[i].user);
  free(c->list);
  *c = (struct crowd){0};
}
