#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/exitcode.h"
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
    print_list(&list);
    printf("%.*s", (int)text.len, text.len ? text.s : "");
  }
  list_free(&list);
  stralloc_free(&text);
  return r;
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
 * of other programs (tcp.smtp.cdb) have a dot, no setting has. */
static int print_strangers(const struct control *c) {
  DIR *folder = opendir(c->folder.s);
  struct dirent *entry;
  if (!folder) return owlq_unable("read", c->folder.s);
  errno = 0;
  while ((entry = readdir(folder)))
    if (!strchr(entry->d_name, '.') && !is_setting(entry->d_name)) {
      stralloc clean = {0};
      if (text_cat_cleaned(&clean, text_of(entry->d_name)) == 0)
        printf("%.*s: no setting has this name\n", (int)clean.len, clean.s);
      stralloc_free(&clean);
    }
  int code = errno ? owlq_unable("read", c->folder.s) : TOOL_OK;
  closedir(folder);
  return code;
}

int owlq_config(struct control *c, int argc, char **argv) {
  int code = TOOL_OK;
  bool found = false;
  if (argc > 2) return owlq_usage("config [NAME]");
  for (unsigned i = 0; i < CONTROL_COUNT; i++) {
    if (argc > 1 && strcmp(argv[1], control_table[i].name) != 0) continue;
    found = true;
    int row = print_row(c, (enum control_name)i);
    if (row != TOOL_OK) code = row;
  }
  if (argc == 1 && print_strangers(c) != TOOL_OK) code = TOOL_SYSTEM;
  return found ? code : owlq_usage("config [NAME]: there is no control file of this name");
}
