#include "config.h"
#include "smtpd/doorkeeper/sendermap.h"
#include <string.h>
#include "lib/address.h"

static const struct list_line *find(const struct list *map, struct text sender) {
  struct text local, domain;
  const struct list_line *l = list_find(map, sender);
  if (!l && address_split(sender, &local, &domain) && domain.s > sender.s)
    l = list_find(map, (struct text){domain.s - 1, domain.len + 1}); /* with its '@' */
  return l ? l : list_find(map, text_of(""));
}

static bool is_own(struct text user, struct text sender) {
  struct text local, domain;
  if (text_equal_nocase(user, sender)) return true;
  /* "bob@example.org"@example.net is nobody's own, though it has bob's whole name */
  if (memchr(user.s, '@', user.len)) return false;
  return address_split(sender, &local, &domain) && text_equal_nocase(user, local);
}

static bool names_user(struct text word, struct text user, struct text sender) {
  if (text_equals(word, "*")) return true;
  return text_equals(word, "=") ? is_own(user, sender) : text_equal_nocase(word, user);
}

static bool has_user(struct text users, struct text user, struct text sender) {
  struct text word;
  while (text_cut(&users, ' ', &word))
    if (word.len && names_user(word, user, sender)) return true;
  return false;
}

bool sendermap_allows(const struct list *map, struct text user, struct text sender, struct facts *f) {
  if (map->count == 0 || sender.len == 0) return true;
  const struct list_line *l = find(map, sender);
  fact_say(f, "sendermap", l ? "a line of sendermap is for this sender: " : "no line of sendermap is for this sender",
           l ? l->key : TEXT_ABSENT);
  return l && has_user(l->value, user, sender);
}
