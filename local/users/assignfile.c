#include "config.h"
#include "local/users/assignfile.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "lib/room.h"
#include "local/assignentry.h"

enum { SPACE_MIN = 64 };

struct parser {
  struct assignfile *file;
  assignfile_complaint *wrong, *passed_over;
  void *context;
  size_t number; /* of the line */
  bool is_wrong; /* one of the lines */
};

static int complain(struct parser *p, const char *what, struct text about) {
  p->wrong(p->context, p->number, what, about);
  p->is_wrong = true;
  return 0;
}

struct text assignfile_key(const struct assignfile *f, size_t i) {
  return (struct text){f->keys.s + f->entries[i].at, f->entries[i].key_len};
}

struct text assignfile_data(const struct assignfile *f, size_t i) {
  return (struct text){f->datas.s + f->entries[i].data, f->entries[i].data_len};
}

static int add_entry(struct assignfile *f, size_t number) {
  if (room_make(&f->entries, f->count, &f->space, sizeof *f->entries, SPACE_MIN) == -1) return -1;
  f->entries[f->count++] = (struct assignfile_entry){number, f->keys.len, 0, f->datas.len, 0};
  return 0;
}

static int add_key(struct assignfile *f, bool exact, struct text address) {
  size_t start = f->keys.len;
  if (!stralloc_cats(&f->keys, "!") || text_cat_lower(&f->keys, address) == -1) return -1;
  if (exact && !stralloc_0(&f->keys)) return -1;
  f->entries[f->count - 1].key_len = f->keys.len - start;
  return 0;
}

static int add_data(struct assignfile *f, const struct text fields[ASSIGN_FIELDS]) {
  size_t start = f->datas.len;
  for (size_t i = 0; i < ASSIGN_FIELDS; i++)
    if ((i > 0 && !stralloc_0(&f->datas)) || text_cat(&f->datas, fields[i]) == -1) return -1;
  f->entries[f->count - 1].data_len = f->datas.len - start;
  return 0;
}

/* The last octet of the key, as it will be compared. */
static int add_wildcard(struct assignfile *f) {
  struct text key = assignfile_key(f, f->count - 1);
  const char *last = key.s + key.len - 1;
  if (key.len == 1) return 0; /* the empty prefix needs none */
  if (f->wildcards.len && memchr(f->wildcards.s, *last, f->wildcards.len)) return 0;
  return stralloc_append(&f->wildcards, last) ? 0 : -1;
}

/* 0, also for a line that is wrong; -1 without memory */
static int take_line(struct parser *p, struct text line) {
  struct text fields[ASSIGN_FIELDS], rest = line, first;
  uint64_t uid, gid;
  bool exact = line.len && line.s[0] == '=';
  if (!exact && (line.len == 0 || line.s[0] != '+'))
    return complain(p, "it begins with neither = nor +: ", line);
  bool whole = text_cut(&rest, ':', &first);
  for (size_t i = 0; whole && i < ASSIGN_FIELDS; i++) whole = text_cut(&rest, ':', &fields[i]);
  if (!whole || !rest.s) return complain(p, "it has fewer than seven fields, each with its colon: ", line);
  struct text address = {first.s + 1, first.len - 1};
  const char *wrong = text_is_clean(address) ? assignentry_check(fields, &uid, &gid)
                                             : "there is a control octet in the address";
  if (wrong) return complain(p, wrong, TEXT_ABSENT);
  if (add_entry(p->file, p->number) == -1) return -1;
  if (add_key(p->file, exact, address) == -1 || add_data(p->file, fields) == -1) return -1;
  return exact ? 0 : add_wildcard(p->file);
}

static int take_lines(struct parser *p, struct text rest) {
  struct text line;
  while (rest.len && text_cut(&rest, '\n', &line)) {
    p->number++;
    if (line.len && line.s[0] == '.') return 0;
    if (take_line(p, line) == -1) return -1;
  }
  p->number = 0;
  return complain(p, "no line with a dot ends it: it is not whole", TEXT_ABSENT);
}

/* By key; of one key the earlier line first. */
static int compare(const void *a, const void *b, void *file) {
  const struct assignfile_entry *x = a, *y = b;
  const char *keys = ((const struct assignfile *)file)->keys.s;
  size_t shorter = x->key_len < y->key_len ? x->key_len : y->key_len;
  int r = memcmp(keys + x->at, keys + y->at, shorter);
  if (r) return r;
  if (x->key_len != y->key_len) return x->key_len < y->key_len ? -1 : 1;
  return x->number < y->number ? -1 : 1;
}

static void pass_over_doubles(struct parser *p) {
  struct assignfile *f = p->file;
  size_t kept = 0;
  for (size_t i = 0; i < f->count; i++) {
    if (kept > 0 && text_equal(assignfile_key(f, kept - 1), assignfile_key(f, i))) {
      struct text key = assignfile_key(f, i);
      bool exact = key.s[key.len - 1] == 0;
      p->passed_over(p->context, f->entries[i].number,
                     exact ? "an earlier line is for the same address, and counts: ="
                           : "an earlier line is for the same prefix, and counts: +",
                     (struct text){key.s + 1, key.len - (exact ? 2 : 1)});
    } else
      f->entries[kept++] = f->entries[i];
  }
  f->count = kept;
}

int assignfile_parse(struct assignfile *f, struct text octets, assignfile_complaint *wrong,
                     assignfile_complaint *passed_over, void *context) {
  struct parser p = {f, wrong, passed_over, context, 0, false};
  if (take_lines(&p, octets) == -1) return -1;
  if (f->count) qsort_r(f->entries, f->count, sizeof *f->entries, compare, f);
  pass_over_doubles(&p);
  return p.is_wrong;
}

void assignfile_free(struct assignfile *f) {
  free(f->entries);
  stralloc_free(&f->keys);
  stralloc_free(&f->datas);
  stralloc_free(&f->wildcards);
  *f = (struct assignfile){0};
}
