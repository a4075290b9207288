#include "config.h"
#include "queue/owlq/showfacts.h"
#include <stdio.h>
#include <string.h>
#include "lib/fact.h"
#include "queue/owlq/screen.h"

enum { KEY_MAX = 32 };

void showfacts_text(const struct section *s) {
  struct text rest = text_of_stralloc(&s->lines), kind, sentence, details;
  printf("%s\n", s->title);
  while (fact_next(&rest, &kind, &sentence, &details)) {
    printf("  ");
    screen_text(kind.s ? kind : text_of("problem"));
    printf(": ");
    screen_text(sentence);
    printf("\n");
  }
}

/* Ours are words; what a user's process makes up is left out. */
static bool is_key(char key[KEY_MAX + 1], struct text name) {
  if (name.len == 0 || name.len > KEY_MAX) return false;
  for (size_t i = 0; i < name.len; i++)
    if (name.s[i] < 'a' || name.s[i] > 'z') return false;
  memcpy(key, name.s, name.len);
  key[name.len] = 0;
  return true;
}

void showfacts_json(struct jsonline *to, const struct section *s) {
  struct text rest = text_of_stralloc(&s->lines), kind, sentence, details, name, value;
  char key[KEY_MAX + 1];
  jsonline_array(to, s->name);
  while (fact_next(&rest, &kind, &sentence, &details)) {
    struct jsonline fact;
    jsonline_begin(&fact);
    jsonline_text(&fact, "fact", kind.s ? kind : text_of("problem"));
    jsonline_text(&fact, "text", sentence);
    while (fact_next_detail(&details, &name, &value))
      if (is_key(key, name)) jsonline_text(&fact, key, value);
    jsonline_append(to, s->name, &fact);
  }
}
