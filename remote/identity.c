#include "config.h"
#include "remote/identity.h"
#include <string.h>
#include "lib/address.h"
#include "lib/envelope.h"
#include "lib/idn.h"

static bool take_address(struct sources *to, struct text word) {
  struct ip ip;
  if (!ip_parse_literal(&ip, word, true) || sources_find(to, ip.family)) return false;
  to->ips[to->count++] = ip;
  return true;
}

/* false: a word is no address, or a second one of its family. */
static bool parse(struct sources *to, struct text rest) {
  struct text word;
  *to = (struct sources){.count = 0};
  while (text_cut(&rest, ' ', &word))
    if (word.len && !take_address(to, word)) return false;
  return true;
}

int identities_load(struct identities *s, struct control *c) {
  static const char problem[] = "not an IPv4 address, an IPv6 address, or one of each";
  struct sources sources;
  *s = (struct identities){.helohost = {0}};
  if (control_text(c, CONTROL_HELOHOST, &s->helohost) == -1 ||
      control_list(c, CONTROL_HELOHOSTS, &s->helohosts) == -1 ||
      control_text(c, CONTROL_OUTGOINGIP, &s->outgoingip) == -1 ||
      control_list(c, CONTROL_OUTGOINGIPS, &s->outgoingips) == -1)
    return -1;
  if (!parse(&sources, text_of_stralloc(&s->outgoingip)))
    return control_fail(c, CONTROL_OUTGOINGIP, problem);
  for (size_t i = 0; i < s->outgoingips.count; i++)
    if (!parse(&sources, s->outgoingips.lines[i].value))
      return control_fail(c, CONTROL_OUTGOINGIPS, problem);
  return 0;
}

void identities_free(struct identities *s) {
  stralloc_free(&s->helohost);
  stralloc_free(&s->outgoingip);
  list_free(&s->helohosts);
  list_free(&s->outgoingips);
}

/* ---- finding */

/* The domain with @ before it, then its suffixes.  Nothing here can fail: another
 * sender's identity would not do. */
static const struct list_line *find_sender(const struct list *l, struct text domain) {
  char key[1 + ENVELOPE_ADDRESS_MAX];
  const struct list_line *line = NULL;
  if (domain.len > ENVELOPE_ADDRESS_MAX) return NULL; /* no envelope has it */
  memcpy(key + 1, domain.s, domain.len);
  for (size_t i = 0; !line && i < domain.len; i++) {
    if (i > 0 && domain.s[i] != '.') continue;
    key[i] = '@';
    line = list_find(l, (struct text){key + i, 1 + domain.len - i});
  }
  return line;
}

static const struct list_line *find(const struct list *l, struct text sender, struct text destination) {
  struct text local, domain;
  const struct list_line *line = NULL;
  if (l->count == 0) return NULL;
  if (address_split(sender, &local, &domain)) line = find_sender(l, domain);
  return line ? line : idn_find_domain(l, destination);
}

struct identity identity_find(const struct identities *s, struct text sender, struct text destination) {
  const struct list_line *name = find(&s->helohosts, sender, destination);
  const struct list_line *source = find(&s->outgoingips, sender, destination);
  return (struct identity){
    .helohost = name && name->value.len ? name->value : text_of_stralloc(&s->helohost),
    .source = source ? (uint64_t)(source - s->outgoingips.lines) + 1 : 0,
  };
}

bool identity_equal(const struct identity *a, const struct identity *b) {
  return a->source == b->source && text_equal(a->helohost, b->helohost);
}

/* ---- sources */

bool identity_sources(const struct identities *s, uint64_t number, struct sources *to) {
  if (number > s->outgoingips.count) return false;
  return parse(to, number ? s->outgoingips.lines[number - 1].value : text_of_stralloc(&s->outgoingip));
}

const struct ip *sources_find(const struct sources *s, int family) {
  for (size_t i = 0; i < s->count; i++)
    if (s->ips[i].family == family) return &s->ips[i];
  return NULL;
}
