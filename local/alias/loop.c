#include "config.h"
#include "local/alias/loop.h"
#include <stdlib.h>

enum { UNSEEN = 0, ON_PATH, DONE }; /* the rows' marks */

struct step {
  struct aliasrow *row;
  struct text rest; /* of its values */
};

struct search {
  const struct aliastable *t;
  struct step *path; /* room for every row */
  size_t depth;
};

static void enter(struct search *s, struct aliasrow *row) {
  row->mark = ON_PATH;
  s->path[s->depth++] = (struct step){row, row->values};
}

/* The next alias that the last one of the path stands for, but for itself. */
static struct aliasrow *next_of(const struct search *s) {
  struct step *last = &s->path[s->depth - 1];
  struct aliasvalue v;
  while (aliasvalue_next(&last->rest, &v) == 1) {
    struct aliasrow *row = v.kind == ALIASVALUE_NAME ? aliastable_find(s->t, v.text) : NULL;
    if (row && row != last->row) return row;
  }
  return NULL;
}

static int cat_circle(stralloc *out, const struct search *s, const struct aliasrow *back_to) {
  size_t i = s->depth;
  while (s->path[i - 1].row != back_to) i--;
  for (i--; i < s->depth; i++)
    if (text_cat(out, s->path[i].row->name) == -1 || !stralloc_cats(out, " -> ")) return -1;
  return text_cat(out, back_to->name);
}

static void tell(const struct search *s, const struct aliasrow *back_to, aliastable_complain *complain,
                 void *context) {
  stralloc circle = {0};
  (void)cat_circle(&circle, s, back_to); /* without memory a part of it */
  complain(context, back_to->line, "a loop", text_of_stralloc(&circle));
  stralloc_free(&circle);
}

int aliasloop_check(struct aliastable *t, aliastable_complain *complain, void *context) {
  struct search s = {t, calloc(t->count + 1, sizeof *s.path), 0};
  int r = 0;
  if (!s.path) return complain(context, 0, "out of memory", TEXT_ABSENT), -1;
  for (size_t i = 0; i < t->count; i++) {
    if (t->rows[i].mark == UNSEEN) enter(&s, &t->rows[i]);
    while (s.depth) {
      struct aliasrow *next = next_of(&s);
      if (!next) s.path[--s.depth].row->mark = DONE;
      else if (next->mark == UNSEEN) enter(&s, next);
      else if (next->mark == ON_PATH) tell(&s, next, complain, context), r = -1;
    }
  }
  free(s.path);
  return r;
}
