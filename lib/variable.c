#include "config.h"
#include "lib/variable.h"
#include <stdlib.h>

int variable_set(const char *name, struct text value) {
  stralloc s = {0};
  int r = text_cat(&s, value) == 0 && stralloc_0(&s) ? setenv(name, s.s, 1) : -1;
  stralloc_free(&s);
  return r;
}
