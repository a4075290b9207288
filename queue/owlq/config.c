#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/exitcode.h"
#include "queue/owlq/jsonline.h"
#include "queue/owlq/options.h"
#include "queue/owlq/owlq.h"

static const char *const units[] = {
  [CONTROL_TEXT] = "text",     [CONTROL_LIST] = "list",       [CONTROL_MAP] = "map",
  [CONTROL_NUMBER] = "number", [CONTROL_SECONDS] = "seconds", [CONTROL_OCTETS] = "octets"};

static void print_list(const struct list *l) {
  for (size_t i = 0; i < l->count; i++) {
    printf("%s%.*s", i ? " " : "", (int)l->lines[i].key.len, l->lines[i].key.s);
    if (l->lines[i].value.s) printf(":%.*s", (int)l->lines[i].value.len, l->lines[i].value.s);
  }
}

/* Not for whoever looks over a shoulder. */
static bool is_secret(enum control_name name) { return name == CONTROL_SMTPAUTH || name == CONTROL_SRSSECRET; }

static bool checks(struct control *c, enum control_name name) {
  uint64_t number;
  switch (control_table[name].type) {
    case CONTROL_TEXT:
    case CONTROL_LIST:
    case CONTROL_MAP: return true;
    case CONTROL_NUMBER:
    case CONTROL_SECONDS:
    case CONTROL_OCTETS: return control_number(c, name, &number) == 0;
  }
  return false;
}

static int print_value(struct control *c, enum control_name name) {
  struct list list = {0};
  stralloc text = {0};
  enum control_type type = control_table[name].type;
  int r = type == CONTROL_LIST || type == CONTROL_MAP ? control_list(c, name, &list)
                                                      : control_text(c, name, &text);
  if (r == 0 && !checks(c, name)) r = -1;
  if (r == 0) {
    if (is_secret(name) && list.count) printf("(secret)");
    else print_list(&list);
    printf("%.*s", (int)text.len, text.len ? text.s : "");
  }
  list_free(&list);
  stralloc_free(&text);
  return r;
}

static void add_lines(struct jsonline *j, const struct list *l) {
  stralloc line = {0};
  jsonline_array(j, "value");
  for (size_t i = 0; i < l->count; i++) {
    stralloc_zero(&line);
    if (text_cat(&line, l->lines[i].key) == -1 ||
        (l->lines[i].value.s && (!stralloc_cats(&line, ":") || text_cat(&line, l->lines[i].value) == -1)))
      j->failed = true;
    jsonline_append_text(j, "value", text_of_stralloc(&line));
  }
  stralloc_free(&line);
}

static int add_value(struct jsonline *j, struct control *c, enum control_name name) {
  struct list list = {0};
  stralloc text = {0};
  uint64_t number;
  int r = -1;
  switch (control_table[name].type) {
    case CONTROL_TEXT:
      if ((r = control_text(c, name, &text)) == 0) jsonline_text(j, "value", text_of_stralloc(&text));
      break;
    case CONTROL_LIST:
    case CONTROL_MAP:
      if ((r = control_list(c, name, &list)) == 0 && !is_secret(name)) add_lines(j, &list);
      break;
    case CONTROL_NUMBER:
    case CONTROL_SECONDS:
    case CONTROL_OCTETS:
      if ((r = control_number(c, name, &number)) == 0) jsonline_number(j, "value", number);
      break;
  }
  list_free(&list);
  stralloc_free(&text);
  return r;
}

/* A value that cannot be read is left out, and complained of. */
static int put_row(struct control *c, enum control_name name) {
  const struct control_row *row = &control_table[name];
  struct jsonline j;
  jsonline_begin(&j);
  jsonline_string(&j, "name", row->name);
  jsonline_string(&j, "type", units[row->type]);
  jsonline_string(&j, "help", row->help);
  jsonline_string(&j, "read_by", row->readers);
  int exists = control_exists(c, name);
  int r = exists == -1 ? -1 : add_value(&j, c, name);
  jsonline_flag(&j, "set", exists == 1);
  int code = r == -1 ? owlq_complain("configuration", c->error.s) : TOOL_OK;
  int put = jsonline_put(&j);
  return code == TOOL_OK ? put : code;
}

static int print_row(struct control *c, enum control_name name) {
  const struct control_row *row = &control_table[name];
  int exists = control_exists(c, name);
  printf("%s: ", row->name);
  if (exists == -1 || print_value(c, name) == -1) {
    printf("(error)\n");
    return owlq_complain("configuration", c->error.s);
  }
  printf("\n    %s; %s; %s; read by %s\n", row->help, units[row->type], exists ? "set" : "default",
         row->readers);
  return TOOL_OK;
}

static bool is_setting(const char *name) {
  for (unsigned i = 0; i < CONTROL_COUNT; i++)
    if (strcmp(control_table[i].name, name) == 0) return true;
  return false;
}

/* A setting that is misspelt has no effect, which nobody else would say.  Files
 * of other programs (tcp.smtp.cdb) have a dot, no setting has.  No setting is a
 * folder, as users/ is. */
static int print_strangers(const struct control *c) {
  DIR *folder = opendir(c->folder.s);
  struct dirent *entry;
  if (!folder) return owlq_unable("read", c->folder.s);
  errno = 0;
  while ((entry = readdir(folder)))
    if (entry->d_type != DT_DIR && !strchr(entry->d_name, '.') && !is_setting(entry->d_name)) {
      stralloc clean = {0};
      if (text_cat_cleaned(&clean, text_of(entry->d_name)) == 0)
        printf("%.*s: no setting has this name\n", (int)clean.len, clean.s);
      stralloc_free(&clean);
    }
  int code = errno ? owlq_unable("read", c->folder.s) : TOOL_OK;
  closedir(folder);
  return code;
}

static void print_passed_over(const struct list *locals, const struct list *lmtproutes) {
  for (size_t i = 0; i < lmtproutes->count; i++) {
    struct text domain = lmtproutes->lines[i].key;
    if (lmtproutes->lines[i].value.len && list_find(locals, domain))
      printf("lmtproutes: %.*s is in locals, too, and is delivered here\n", (int)domain.len, domain.s);
  }
}

static void print_no_way_back(const struct list *locals, const struct list *srsdomains) {
  for (size_t i = 0; i < srsdomains->count; i++) {
    struct text domain = srsdomains->lines[i].value;
    if (domain.len && !list_find(locals, domain))
      printf("srsdomains: %.*s is not in locals: bounces do not come back\n", (int)domain.len, domain.s);
  }
}

/* What cannot be read has been complained of. */
static void print_contradictions(struct control *c) {
  struct list locals = {0}, lmtproutes = {0}, srsdomains = {0};
  if (control_list(c, CONTROL_LOCALS, &locals) == 0) {
    if (control_list(c, CONTROL_LMTPROUTES, &lmtproutes) == 0) print_passed_over(&locals, &lmtproutes);
    if (control_list(c, CONTROL_SRSDOMAINS, &srsdomains) == 0) print_no_way_back(&locals, &srsdomains);
  }
  list_free(&locals);
  list_free(&lmtproutes);
  list_free(&srsdomains);
}

int owlq_config(struct control *c, int argc, char **argv) {
  int code = TOOL_OK, at = 1;
  bool found = false, json = argc > 1 && option_flag(argv, &at, "--json");
  const char *wanted = argc > at ? argv[at] : NULL;
  if (argc > at + 1) return owlq_usage("config [--json] [NAME]");
  for (unsigned i = 0; i < CONTROL_COUNT; i++) {
    if (wanted && strcmp(wanted, control_table[i].name) != 0) continue;
    found = true;
    int row = json ? put_row(c, (enum control_name)i) : print_row(c, (enum control_name)i);
    if (row != TOOL_OK) code = row;
  }
  if (!wanted && !json) print_contradictions(c);
  if (!wanted && !json && print_strangers(c) != TOOL_OK) code = TOOL_SYSTEM;
  return found ? code : owlq_usage("config [--json] [NAME]: there is no control file of this name");
}
