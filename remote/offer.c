#include "config.h"
#include "remote/offer.h"
#include <string.h>
#include "lib/sasl.h"

enum { LIMIT_MAX = 999999 }; /* six digits, RFC 9422 3 */

static const struct {
  const char *keyword;
  size_t place;
} keywords[] = {
  {"PIPELINING", offsetof(struct offer, pipelining)}, {"SIZE", offsetof(struct offer, size)},
  {"8BITMIME", offsetof(struct offer, eightbit)},     {"SMTPUTF8", offsetof(struct offer, utf8)},
  {"DSN", offsetof(struct offer, dsn)},               {"CHUNKING", offsetof(struct offer, chunking)},
  {"BINARYMIME", offsetof(struct offer, binary)},     {"REQUIRETLS", offsetof(struct offer, requiretls)},
  {"STARTTLS", offsetof(struct offer, starttls)},
};

static const struct {
  const char *name;
  size_t place;
} limits[] = {
  {"MAILMAX", offsetof(struct offer, transactions_max)},
  {"RCPTMAX", offsetof(struct offer, recipients_max)},
  {"RCPTDOMAINMAX", offsetof(struct offer, domains_max)},
};

static void take_limit(struct offer *o, struct text item) {
  struct text name, value = item;
  uint64_t number;
  if (!text_cut(&value, '=', &name) || !value.s) return;
  if (text_uint(value, &number) == -1 || number > LIMIT_MAX) return;
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    if (text_equal_nocase(name, text_of(limits[i].name)))
      *(uint64_t *)(void *)((char *)o + limits[i].place) = number;
}

static void take_line(struct offer *o, struct text line) {
  struct text word, rest;
  if (!text_cut(&line, ' ', &word)) return;
  if (text_equal_nocase(word, text_of("LIMITS")))
    while (text_cut(&line, ' ', &rest)) take_limit(o, rest);
  rest = word;
  (void)text_cut(&rest, '=', &word); /* some say SIZE=n, or AUTH=mechanism */
  if (text_equal_nocase(word, text_of("AUTH"))) {
    if (rest.s) o->mechanisms |= sasl_set(rest);
    o->mechanisms |= sasl_set(line);
  }
  for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
    if (text_equal_nocase(word, text_of(keywords[i].keyword)))
      *(bool *)((char *)o + keywords[i].place) = true;
}

static void take_name(struct offer *o, struct text line) {
  struct text name;
  if (!text_cut(&line, ' ', &name) || name.len > OFFER_NAME_MAX || !text_is_clean(name)) return;
  memcpy(o->name, name.s, name.len); /* all else is 0 */
}

void offer_read(struct offer *o, struct text text) {
  struct text line;
  *o = (struct offer){0};
  if (text_cut(&text, '\n', &line)) take_name(o, line);
  while (text_cut(&text, '\n', &line)) take_line(o, line);
  o->binary = o->binary && o->chunking;
}
