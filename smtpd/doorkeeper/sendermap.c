#include "config.h"
#include "smtpd/doorkeeper/sendermap.h"
#include <string.h>
#include "lib/address.h"
#include "lib/idn.h"

/* By the address, or by its domain with the '@'; in whichever form the line has the
 * domain, so that none that is for one is passed by with the other. */
static const struct list_line *find_by(const struct list *map, const struct idn_forms *f, bool by_domain) {
  const struct list_line *l = NULL;
  for (size_t i = 0; !l && i < f->count; i++) {
    struct text address = text_of_stralloc(&f->address[i]), local, domain;
    if (!by_domain) l = list_find(map, address);
    else if (address_split(address, &local, &domain) && domain.s > address.s)
      l = list_find(map, (struct text){domain.s - 1, domain.len + 1});
  }
  return l;
}

static const struct list_line *find(const struct list *map, const struct idn_forms *f) {
  const struct list_line *l = find_by(map, f, false);
  if (!l) l = find_by(map, f, true);
  return l ? l : list_find(map, text_of(""));
}

static bool is_own(struct text user, struct text sender) {
  struct text local, domain;
  if (text_equal_nocase(user, sender)) return true;
  /* "bob@example.org"@example.net is nobody's own, though it has bob's whole name */
  if (memchr(user.s, '@', user.len)) return false;
  return address_split(sender, &local, &domain) && text_equal_nocase(user, local);
}

static bool names_user(struct text word, struct text user, const struct idn_forms *f) {
  if (text_equals(word, "*")) return true;
  if (!text_equals(word, "=")) return text_equal_nocase(word, user);
  for (size_t i = 0; i < f->count; i++)
    if (is_own(user, text_of_stralloc(&f->address[i]))) return true;
  return false;
}

static bool has_user(struct text users, struct text user, const struct idn_forms *f) {
  struct text word;
  while (text_cut(&users, ' ', &word))
    if (word.len && names_user(word, user, f)) return true;
  return false;
}

int sendermap_allows(const struct list *map, struct text user, struct text sender, struct facts *f) {
  struct idn_forms forms;
  if (map->count == 0 || sender.len == 0) return 1;
  if (idn_forms(&forms, sender) == 0) return idn_forms_free(&forms), -1;
  const struct list_line *l = find(map, &forms);
  fact_say(f, "sendermap", l ? "a line of sendermap is for this sender: " : "no line of sendermap is for this sender",
           l ? l->key : TEXT_ABSENT);
  bool allows = l && has_user(l->value, user, &forms);
  idn_forms_free(&forms);
  return allows;
}
