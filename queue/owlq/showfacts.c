#include "config.h"
#include "queue/owlq/showfacts.h"
#include <stdio.h>
#include "lib/fact.h"

static void print_clean(struct text t) {
  stralloc clean = {0};
  if (text_cat_cleaned(&clean, t) == 0 && clean.len) fwrite(clean.s, 1, clean.len, stdout);
  stralloc_free(&clean);
}

void showfacts_text(const struct section *s) {
  struct text rest = text_of_stralloc(&s->lines), kind, sentence, details;
  printf("%s\n", s->title);
  while (fact_next(&rest, &kind, &sentence, &details)) {
    printf("  ");
    print_clean(kind.s ? kind : text_of("problem"));
    printf(": ");
    print_clean(sentence);
    printf("\n");
  }
}

/* ---- JSON */

/* Length of the UTF-8 sequence (RFC 3629 4) at the start of t; 0: it is none. */
static size_t utf8_length(struct text t) {
  const unsigned char *s = (const unsigned char *)t.s;
  size_t length = s[0] < 0x80                   ? 1
                  : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                  : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                  : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                : 0;
  if (length == 0 || length > t.len) return 0;
  for (size_t i = 1; i < length; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
  bool surrogate = s[0] == 0xed && s[1] > 0x9f, beyond = s[0] == 0xf4 && s[1] > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

/* RFC 8259 7.  Octets that are no UTF-8 become U+FFFD. */
static void print_string(struct text t) {
  putchar('"');
  while (t.len) {
    unsigned char c = (unsigned char)t.s[0];
    size_t length = utf8_length(t);
    if (length == 0) printf("\\ufffd");
    else if (c == '"' || c == '\\') printf("\\%c", c);
    else if (c < 32 || c == 127) printf("\\u%04x", c);
    else fwrite(t.s, 1, length, stdout);
    if (length == 0) length = 1;
    t = (struct text){t.s + length, t.len - length};
  }
  putchar('"');
}

static void print_member(const char *before, struct text name, struct text value) {
  printf("%s", before);
  print_string(name);
  printf(": ");
  print_string(value);
}

void showfacts_json(const struct section *s) {
  struct text rest = text_of_stralloc(&s->lines), kind, sentence, details, name, value;
  const char *before = "";
  printf("\"%s\": [", s->name);
  while (fact_next(&rest, &kind, &sentence, &details)) {
    printf("%s\n  {", before);
    print_member("", text_of("fact"), kind.s ? kind : text_of("problem"));
    print_member(", ", text_of("text"), sentence);
    while (fact_next_detail(&details, &name, &value)) print_member(", ", name, value);
    printf("}");
    before = ",";
  }
  printf("]");
}
