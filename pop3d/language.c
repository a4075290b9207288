#include "config.h"
#include "pop3d/language.h"

static const char list[] = "+OK languages\r\nen English\r\ni-default Default language\r\n.\r\n";

/* "en" is meant by "en-GB", too (RFC 4647 3.4). */
static bool is_english(struct text wanted) {
  struct text language = {0};
  return text_cut(&wanted, '-', &language) && text_equal_nocase(language, text_of("en"));
}

const char *language_choose(struct text wanted) {
  if (text_equal_nocase(wanted, text_of("i-default"))) return "i-default";
  return text_equals(wanted, "*") || is_english(wanted) ? "en" : NULL;
}

static bool is_spoken(const char *language, stralloc *out) {
  return stralloc_cats(out, "+OK ") && stralloc_cats(out, language) && stralloc_cats(out, " is spoken\r\n");
}

int language_reply(struct text wanted, stralloc *out) {
  const char *language = wanted.s ? language_choose(wanted) : NULL;
  bool stored;
  if (!wanted.s) stored = stralloc_cats(out, list);
  else if (!language) stored = stralloc_cats(out, "-ERR that language is not spoken here\r\n");
  else stored = is_spoken(language, out);
  return stored ? 0 : -1;
}
