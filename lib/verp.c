#include "config.h"
#include "lib/verp.h"
#include <string.h>
#include "lib/address.h"
#include "lib/envelope.h"

static const char mark[] = "-@[]";
enum { MARK_OCTETS = sizeof mark - 1 };

bool verp_is_wanted(struct text sender) {
  if (sender.len <= MARK_OCTETS || memcmp(sender.s + sender.len - MARK_OCTETS, mark, MARK_OCTETS) != 0) return false;
  return memchr(sender.s, '@', sender.len - MARK_OCTETS) != NULL;
}

struct text verp_plain(struct text sender) {
  if (verp_is_wanted(sender)) sender.len -= MARK_OCTETS;
  return sender;
}

int verp_cat(stralloc *out, struct text sender, struct text recipient) {
  struct text plain = verp_plain(sender), prefix, host, user, domain;
  if (!verp_is_wanted(sender) || plain.len + recipient.len > ENVELOPE_ADDRESS_MAX) return text_cat(out, plain);
  (void)address_split(plain, &prefix, &host);
  if (text_cat(out, prefix) == -1) return -1;
  if (address_split(recipient, &user, &domain)) {
    if (text_cat(out, user) == -1 || !stralloc_cats(out, "=") || text_cat(out, domain) == -1) return -1;
  } else if (text_cat(out, recipient) == -1)
    return -1;
  return stralloc_cats(out, "@") && text_cat(out, host) == 0 ? 0 : -1;
}
