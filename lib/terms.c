#include "config.h"
#include "lib/terms.h"
#include <string.h>
#include "lib/address.h"
#include "lib/envelope.h"
#include "lib/utf8.h"

bool terms_envid_is_valid(struct text envid) {
  return envid.len && envid.len <= TERMS_ENVID_MAX && text_is_clean(envid) && text_is_ascii(envid);
}

/* RFC 3461 4.2: an atom, of which no registered type needs more than this. */
static bool is_type(struct text type) {
  for (size_t i = 0; i < type.len; i++) {
    char c = type.s[i];
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!letter && !(c >= '0' && c <= '9') && c != '-') return false;
  }
  return type.len;
}

bool terms_orcpt_is_valid(struct text orcpt) {
  struct text address = orcpt, type;
  if (orcpt.len > TERMS_ORCPT_MAX || !text_is_clean(orcpt)) return false;
  if (!text_cut(&address, ';', &type) || !is_type(type) || address.len == 0) return false;
  if (text_is_ascii(address)) return true;
  return text_equal_nocase(type, text_of("utf-8")) && utf8_is_valid(address);
}

bool terms_notify_is_valid(uint64_t notify) {
  uint64_t others = NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY;
  return notify == NOTIFY_NEVER || (notify & ~others) == 0;
}

static bool is_in_name(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_domain(struct text name) {
  if (name.len > TERMS_DOMAIN_MAX) return false;
  for (size_t i = 0; i < name.len; i++)
    if (!is_in_name(name.s[i]) && (name.s[i] != '.' || i == 0 || name.s[i - 1] == '.')) return false;
  return name.len && name.s[name.len - 1] != '.';
}

bool terms_node_is_valid(struct text node) {
  if (node.len && node.s[0] == '@') return is_domain((struct text){node.s + 1, node.len - 1});
  return is_domain(node) || (node.len <= TERMS_DOMAIN_MAX && address_is_literal(node));
}

bool terms_address_is_valid(struct text address, bool smtputf8) {
  return text_is_ascii(address) || (smtputf8 && utf8_is_valid(address));
}
