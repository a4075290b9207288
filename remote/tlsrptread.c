#include "config.h"
#include "lib/xtext.h"
#include "remote/tlsrpt.h"

static const char *const policy_names[] = {"none", "tlsa", "sts"};

const char *tlsrpt_policy_name(enum tlsrpt_policy policy) { return policy_names[policy]; }

/* Offsets first: octets may move while they grow. */
struct field {
  struct text *to;
  size_t at, len;
};

static struct text *place_of(struct tlsrpt_session *s, struct text name) {
  const struct {
    const char *name;
    struct text *to;
  } places[] = {{"lines", &s->policy_lines}, {"result", &s->result}, {"from", &s->sending_ip}, {"mx", &s->mx},
                {"helo", &s->helo}, {"to", &s->receiving_ip}, {"code", &s->code}};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    if (text_equals(name, places[i].name)) return places[i].to;
  return NULL;
}

static int read_type(struct tlsrpt_session *s, struct text value) {
  for (int i = TLSRPT_NO_POLICY; i <= TLSRPT_STS; i++)
    if (text_equals(value, policy_names[i])) return s->policy = (enum tlsrpt_policy)i, 0;
  return -1;
}

static int read_field(struct tlsrpt_session *s, struct text field, struct field *f, stralloc *octets) {
  struct text name, value = field;
  if (!text_cut(&value, '=', &name) || !value.s) return -1;
  *f = (struct field){place_of(s, name), octets->len, 0};
  if (text_equals(name, "type")) return read_type(s, value);
  if (!f->to || xtext_decode(octets, value) == -1) return -1;
  f->len = octets->len - f->at;
  return 0;
}

enum { FIELDS_MAX = 8 };

int tlsrpt_read_line(struct tlsrpt_line *to, struct text line, stralloc *octets) {
  struct field fields[FIELDS_MAX];
  struct text word;
  size_t count = 0;
  *to = (struct tlsrpt_line){0};
  stralloc_zero(octets);
  if (!text_cut(&line, ' ', &word)) return -1;
  to->is_policy = text_equals(word, "policy");
  if ((!to->is_policy && !text_equals(word, "session")) || !text_cut(&line, ' ', &to->key)) return -1;
  while (text_cut(&line, ' ', &word))
    if (count == FIELDS_MAX || read_field(&to->session, word, &fields[count++], octets) == -1) return -1;
  for (size_t i = 0; i < count; i++)
    if (fields[i].to) *fields[i].to = (struct text){octets->s + fields[i].at, fields[i].len};
  return 0;
}
