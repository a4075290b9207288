#include "config.h"
#include "smtpd/talker/xclient.h"
#include "lib/ip.h"
#include "lib/xtext.h"

enum { VALUE_MAX_OCTETS = 255, PORT_MAX = 65535 };

typedef bool take_fn(struct xclient *x, struct text value);

static bool take_name(struct xclient *x, struct text value) {
  x->request.envelope.client_name = value;
  return true;
}

static bool take_login(struct xclient *x, struct text value) {
  x->request.envelope.auth_user = value;
  return true;
}

static bool take_helo(struct xclient *x, struct text value) {
  x->helo = value;
  return true;
}

static bool take_protocol(struct xclient *x, struct text value) {
  x->protocol = value;
  return value.len == 0 || text_equal_nocase(value, text_of("SMTP")) || text_equal_nocase(value, text_of("ESMTP"));
}

static bool is_address(struct text value) {
  struct ip ip;
  return value.len == 0 || ip_parse_literal(&ip, value, true);
}

static bool take_address(struct xclient *x, struct text value) {
  x->request.envelope.client_address = value;
  return is_address(value);
}

static bool take_local_address(struct xclient *x, struct text value) {
  x->request.local_address = value;
  return is_address(value);
}

static bool take_number(uint64_t *to, struct text value) {
  *to = 0;
  return value.len == 0 || (text_uint(value, to) == 0 && *to <= PORT_MAX);
}

static bool take_port(struct xclient *x, struct text value) {
  return take_number(&x->request.envelope.client_port, value);
}

static bool take_local_port(struct xclient *x, struct text value) {
  return take_number(&x->request.local_port, value);
}

static const struct {
  const char *name;
  take_fn *take;
} attributes[] = {
  {"NAME", take_name},   {"ADDR", take_address},  {"PORT", take_port},
  {"HELO", take_helo},   {"LOGIN", take_login},   {"DESTADDR", take_local_address},
  {"PROTO", take_protocol}, {"DESTPORT", take_local_port},
};

static bool is_unavailable(struct text value) {
  return text_equal_nocase(value, text_of("[UNAVAILABLE]")) || text_equal_nocase(value, text_of("[TEMPUNAVAIL]"));
}

/* The texts have room for all: the views stay where they are. */
static bool decode(struct xclient *x, struct text *value) {
  size_t start = x->texts.len;
  if (value->len == 0) return false;
  if (!is_unavailable(*value) && xtext_decode(&x->texts, *value) == -1) return false;
  *value = (struct text){x->texts.s + start, x->texts.len - start};
  return value->len <= VALUE_MAX_OCTETS && text_is_clean(*value);
}

static bool take_attribute(struct xclient *x, struct text attribute) {
  struct text name;
  text_cut(&attribute, '=', &name);
  if (!attribute.s || !decode(x, &attribute)) return false;
  for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
    if (text_equal_nocase(name, text_of(attributes[i].name))) return attributes[i].take(x, attribute);
  return false;
}

enum xclient_status xclient_parse(struct xclient *x, struct text argument) {
  struct text attribute;
  bool some = false;
  *x = (struct xclient){0};
  if (!stralloc_ready(&x->texts, argument.len + 1)) return XCLIENT_NO_MEMORY;
  while (text_cut(&argument, ' ', &attribute)) {
    if (attribute.len == 0) continue;
    if (!take_attribute(x, attribute)) return XCLIENT_MALFORMED;
    some = true;
  }
  return some ? XCLIENT_OK : XCLIENT_MALFORMED;
}

void xclient_free(struct xclient *x) { stralloc_free(&x->texts); }
