#include "config.h"
#include <errno.h>
#include "lib/address.h"
#include "smtpd/lists/list.h"

static const char *refuse(struct text line) {
  struct text local, domain;
  if (!address_split(line, &local, &domain) || domain.len == 0)
    return "it is neither an address nor @domain";
  return NULL;
}

/* A line for each domain, once: many entries of one key would make look-ups slow. */
static int list_domains(struct list *domains, const struct list *lines) {
  struct text local, domain;
  stralloc text = {0};
  int r = 0;
  for (size_t i = 0; r == 0 && i < lines->count; i++)
    if (address_split(lines->lines[i].key, &local, &domain) &&
        (text_cat(&text, domain) == -1 || !stralloc_cats(&text, "\n")))
      r = -1;
  if (r == 0) r = list_parse(domains, text_of_stralloc(&text));
  stralloc_free(&text);
  return r == 0 ? 0 : (errno = ENOMEM, -1);
}

static int add(struct cdbfile_maker *m, const struct list *lines) {
  struct list domains = {0};
  int r = list_domains(&domains, lines);
  for (size_t i = 0; r == 0 && i < domains.count; i++) r = add_key(m, "@", domains.lines[i].key);
  for (size_t i = 0; r == 0 && i < lines->count; i++) {
    struct text line = lines->lines[i].key;
    r = add_key(m, line.s[0] == '@' ? "*" : "", line);
  }
  list_free(&domains);
  return r;
}

const struct cdb_list cdb_list = {"owl-newrecipients", "recipients", refuse, add};
