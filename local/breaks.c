#include "config.h"
#include "local/breaks.h"
#include <ctype.h>
#include <string.h>

bool breaks_are_good(struct text breaks) {
  for (size_t i = 0; i < breaks.len; i++)
    if (!ispunct((unsigned char)breaks.s[i]) || strchr("@/:", breaks.s[i])) return false;
  return true;
}

int breaks_load(struct control *c, stralloc *out) {
  if (control_text(c, CONTROL_BREAKCHARACTER, out) == -1) return -1;
  if (breaks_are_good(text_of_stralloc(out))) return 0;
  return control_fail(c, CONTROL_BREAKCHARACTER, "a letter, a digit, a blank, @, / and : cannot end a name");
}
