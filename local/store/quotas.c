#include "config.h"
#include "local/store/quotas.h"
#include <stdlib.h>
#include <string.h>

static int refuse(const struct mailbox *box, struct verdict *v) {
  if (box->full_defers) return verdict_defer(v, "4.2.2", "sorry, this mailbox is full", "");
  return verdict_fail(v, "5.2.2", "sorry, this mailbox is full", "");
}

/* Two folders of a Maildir share its quota. */
static size_t find_root(const struct quotas *q, const struct quota *fresh) {
  size_t i = 0;
  while (i < q->count && strcmp(q->list[i].root.s, fresh->root.s) != 0) i++;
  return i;
}

static int keep_quota(struct quotas *q, struct quota *fresh, size_t *number) {
  *number = find_root(q, fresh);
  if (*number < q->count) return quota_free(fresh), 0;
  struct quota *list = realloc(q->list, (q->count + 1) * sizeof *list);
  if (!list) return -1;
  q->list = list;
  q->list[q->count++] = *fresh;
  *fresh = (struct quota){0};
  return 0;
}

static int keep_place(struct quotas *q, const char *maildir, size_t number) {
  struct quotas_place *places = realloc(q->places, (q->place_count + 1) * sizeof *places);
  if (!places) return -1;
  q->places = places;
  places[q->place_count] = (struct quotas_place){.number = number};
  if (!stralloc_copys(&places[q->place_count].maildir, maildir) ||
      !stralloc_0(&places[q->place_count].maildir))
    return -1;
  q->place_count++;
  return 0;
}

static struct quota *known(const struct quotas *q, const char *maildir) {
  for (size_t i = 0; i < q->place_count; i++)
    if (strcmp(q->places[i].maildir.s, maildir) == 0) return &q->list[q->places[i].number];
  return NULL;
}

static int read_quota(struct quotas *q, const char *maildir, const struct mailbox *box, struct verdict *v) {
  struct quota fresh = {0};
  size_t number;
  int r = quota_open(&fresh, maildir, box->quota, v);
  if (r == 0 && (keep_quota(q, &fresh, &number) == -1 || keep_place(q, maildir, number) == -1))
    r = verdict_defer(v, "4.3.0", "out of memory", "");
  quota_free(&fresh);
  return r;
}

int quotas_take(struct quotas *q, const char *maildir, uint64_t octets, const struct mailbox *box,
                struct verdict *v) {
  struct quota *one = known(q, maildir);
  if (!one && read_quota(q, maildir, box, v) == -1) return -1;
  if (!one) one = known(q, maildir);
  if (!quota_fits(one, octets)) return refuse(box, v);
  quota_take(one, (int64_t)octets, 1);
  return 0;
}

void quotas_give_back(struct quotas *q, const char *maildir, uint64_t octets) {
  struct quota *one = known(q, maildir);
  if (one) quota_take(one, -(int64_t)octets, -1);
}

void quotas_note(struct quotas *q) {
  for (size_t i = 0; i < q->count; i++) quota_note(&q->list[i]);
}

void quotas_free(struct quotas *q) {
  for (size_t i = 0; i < q->count; i++) quota_free(&q->list[i]);
  for (size_t i = 0; i < q->place_count; i++) stralloc_free(&q->places[i].maildir);
  free(q->list);
  free(q->places);
  *q = (struct quotas){0};
}

int quotas_look(const char *maildir, const struct mailbox *box, const struct quotas_view *how,
                struct verdict *v) {
  struct quota q = {.deadline_us = how->deadline_us, .only_looks = !how->writes};
  int r = quota_open(&q, maildir, box->quota, v);
  if (r == 0 && !quota_fits(&q, 1)) {
    (void)refuse(box, v);
    r = 1;
  }
  quota_free(&q);
  return r;
}
