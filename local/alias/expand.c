#include "config.h"
#include "local/alias/expand.h"
#include "lib/address.h"
#include "local/alias/include.h"

enum { NOTED_MAX = 20 }; /* names, and values of each: who asks why is no machine */

/* Where values stand. */
struct place {
  struct text name;    /* of the alias; absent: of none */
  const char *file;    /* an included one, or NULL */
  unsigned depth;      /* of included files */
};

static int out_of_memory(struct aliasexpand *e) { return verdict_defer(e->v, "4.3.0", "out of memory", ""); }

static int bound(struct aliasexpand *e, const struct textset *s) {
  return s->count < ALIASEXPAND_MAX ? 0 : verdict_defer(e->v, "4.2.1", "this alias stands for too much", "");
}

static int add(struct aliasexpand *e, const char *sign, struct text t) {
  stralloc line = {0};
  int r = -1;
  if (stralloc_copys(&line, sign) && text_cat(&line, t) == 0) r = textset_add(&e->lines, text_of_stralloc(&line));
  stralloc_free(&line);
  return r == -1 ? out_of_memory(e) : bound(e, &e->lines);
}

/* Names and domains in lower case, so that one mailbox is one line. */
static int add_lowered(struct aliasexpand *e, const char *sign, struct text t) {
  stralloc copy = {0};
  struct text local, domain;
  size_t kept = address_split(t, &local, &domain) ? local.len : 0;
  int r = text_cat(&copy, t) == -1 ? out_of_memory(e) : 0;
  if (r == 0) aliasvalue_lower(copy.s + kept, copy.len - kept);
  if (r == 0) r = add(e, sign, text_of_stralloc(&copy));
  stralloc_free(&copy);
  return r;
}

static int expand_later(struct aliasexpand *e, struct text name) {
  stralloc lower = {0};
  int r = text_cat(&lower, name);
  if (r == 0) aliasvalue_lower(lower.s, lower.len);
  if (r == 0) r = textset_add(&e->names, text_of_stralloc(&lower));
  stralloc_free(&lower);
  return r == -1 ? out_of_memory(e) : bound(e, &e->names);
}

/* 1: is an alias; 2: one with an owner. */
static int look_up(struct aliasexpand *e, struct text name) {
  stralloc unused = {0};
  int r = e->db ? aliasdb_find(e->db, name, &unused, e->v) : 0;
  if (r == 1) {
    r = aliasdb_owner(e->db, name, &unused, e->v);
    if (r != -1) r++;
  }
  stralloc_free(&unused);
  return r;
}

static bool is_self(const struct aliasexpand *e, struct text name) {
  return e->self && text_equal_nocase(name, text_of(e->self->user));
}

static bool is_own_address(const struct aliasexpand *e, struct text address) {
  struct text local, domain;
  if (!e->self || !address_split(address, &local, &domain)) return false;
  return text_equal_nocase(local, text_of(e->self->local)) && text_equal_nocase(domain, text_of(e->self->host));
}

static int take_self(struct aliasexpand *e) {
  e->has_self = true;
  return 0;
}

static int take_name(struct aliasexpand *e, struct text name, const struct place *p) {
  if (is_self(e, name)) return take_self(e);
  if (p->name.s && text_equal_nocase(name, p->name)) return add_lowered(e, "&\\", name);
  switch (look_up(e, name)) {
  case 0:
  case 2: return add_lowered(e, "&", name);
  case 1: return expand_later(e, name);
  default: return -1;
  }
}

static int forbid(struct aliasexpand *e, const char *what, const struct place *p) {
  return verdict_defer(e->v, "4.7.0", what, p->file);
}

static int take_program(struct aliasexpand *e, struct text command, const struct place *p) {
  if (p->file && e->rules.programs != ALIASDB_INCLUDES)
    return forbid(e, "programs are not allowed in included files: ", p);
  return add(e, "|", command);
}

static int take_file(struct aliasexpand *e, struct text path, const struct place *p) {
  if (text_equals(path, "/dev/null")) return 0;
  if (p->file && e->rules.files != ALIASDB_INCLUDES)
    return forbid(e, "files are not allowed in included files: ", p);
  return add(e, "", path);
}

static int take_values(struct aliasexpand *e, struct text values, const struct place *p);

static int take_include(struct aliasexpand *e, const char *path, const struct place *p) {
  const struct place inside = {p->name, path, p->depth + 1};
  stralloc values = {0};
  if (inside.depth > ALIASEXPAND_DEPTH_MAX)
    return verdict_defer(e->v, "4.2.1", "files that include one another too deeply: ", path);
  if (e->files++ == ALIASEXPAND_FILES_MAX) return verdict_defer(e->v, "4.2.1", "this alias includes too many files", "");
  fact_say(e->v->facts, "include", "the values are in ", text_of(path));
  int r = aliasinclude_read(&values, path, e->v);
  if (r == 0) r = take_values(e, text_of_stralloc(&values), &inside);
  stralloc_free(&values);
  return r;
}

static int take_value(struct aliasexpand *e, const struct aliasvalue *value, const struct place *p) {
  switch (value->kind) {
  case ALIASVALUE_ADDRESS: return is_own_address(e, value->text) ? take_self(e) : add_lowered(e, "&", value->text);
  case ALIASVALUE_NAME: return take_name(e, value->text, p);
  case ALIASVALUE_FINAL: return is_self(e, value->text) ? take_self(e) : add_lowered(e, "&\\", value->text);
  case ALIASVALUE_PROGRAM: return take_program(e, value->text, p);
  case ALIASVALUE_FILE: return take_file(e, value->text, p);
  case ALIASVALUE_INCLUDE: return take_include(e, value->text.s, p);
  }
  return 0;
}

static int take_values(struct aliasexpand *e, struct text values, const struct place *p) {
  struct aliasvalue value;
  while (aliasvalue_next(&values, &value) == 1)
    if (take_value(e, &value, p) == -1) return -1;
  return 0;
}

static void note_value(struct facts *f, const struct aliasvalue *v) {
  static const struct {
    enum aliasvalue_kind kind;
    const char *sign;
  } signs[] = {{ALIASVALUE_FINAL, " \\"}, {ALIASVALUE_PROGRAM, " |"}, {ALIASVALUE_INCLUDE, " :include:"}};
  const char *sign = " ";
  for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
    if (signs[i].kind == v->kind) sign = signs[i].sign;
  fact_s(f, sign);
  fact_t(f, v->text);
}

static void note(struct aliasexpand *e, struct text name, struct text values) {
  struct facts *f = e->noted++ < NOTED_MAX ? e->v->facts : NULL;
  struct aliasvalue value;
  if (!f) return;
  fact_begin(f, "alias");
  fact_t(f, name);
  fact_s(f, " stands for");
  for (int i = 0; i < NOTED_MAX && aliasvalue_next(&values, &value) == 1; i++) {
    if (i) fact_s(f, ",");
    note_value(f, &value);
  }
  if (values.len) fact_s(f, ", and more");
  fact_detail(f, "name", name);
  fact_detail(f, "found", text_of("yes"));
  fact_end(f);
}

static int expand(struct aliasexpand *e, struct text name) {
  const struct place p = {name, NULL, 0};
  stralloc values = {0};
  int r = aliasdb_find(e->db, name, &values, e->v);
  if (r == 0) r = verdict_defer(e->v, "4.3.0", "the aliases have changed this moment", "");
  if (r == 1) note(e, name, text_of_stralloc(&values));
  if (r == 1) r = take_values(e, text_of_stralloc(&values), &p);
  stralloc_free(&values);
  return r;
}

/* The name moves when further ones are added. */
static int expand_number(struct aliasexpand *e, size_t i) {
  stralloc name = {0};
  int r = text_cat(&name, textset_at(&e->names, i)) == -1 ? out_of_memory(e) : expand(e, text_of_stralloc(&name));
  stralloc_free(&name);
  return r;
}

int aliasexpand_name(struct aliasexpand *e, struct text name) {
  int r = expand_later(e, name);
  for (size_t i = 0; r == 0 && i < e->names.count; i++) r = expand_number(e, i);
  return r;
}

int aliasexpand_values(struct aliasexpand *e, struct text values) {
  const struct place p = {TEXT_ABSENT, NULL, 0};
  return take_values(e, values, &p);
}

void aliasexpand_free(struct aliasexpand *e) {
  textset_free(&e->lines);
  textset_free(&e->names);
}
