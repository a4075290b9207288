#include "config.h"
#include "queue/owlq/options.h"
#include <string.h>

bool option_flag(char **argv, int *at, const char *name) {
  if (strcmp(argv[*at], name) != 0) return false;
  ++*at;
  return true;
}

bool option_value(int argc, char **argv, int *at, const char *name, const char **value) {
  const char *word = argv[*at];
  size_t len = strlen(name);
  if (strncmp(word, name, len) != 0 || (word[len] && word[len] != '=')) return false;
  bool apart = !word[len];
  *value = !apart ? word + len + 1 : *at + 1 < argc ? argv[*at + 1] : NULL;
  *at += apart && *value ? 2 : 1;
  return true;
}
