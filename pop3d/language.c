#include "config.h"
#include "pop3d/language.h"

const char language_list[] = "en English\r\ni-default Default language\r\n";

/* "en" is meant by "en-GB", too (RFC 4647 3.4). */
static bool is_english(struct text wanted) {
  struct text language = {0};
  return text_cut(&wanted, '-', &language) && text_equal_nocase(language, text_of("en"));
}

const char *language_choose(struct text wanted) {
  if (text_equal_nocase(wanted, text_of("i-default"))) return "i-default";
  return text_equals(wanted, "*") || is_english(wanted) ? "en" : NULL;
}
