#include "config.h"
#include "lib/sts.h"
#include <string.h>

/* ---- octets */

struct span {
  const char *s;
  size_t len;
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
static bool is_blank(char c) { return c == ' ' || c == '\t'; }
static bool is_name_octet(char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static bool is(struct span t, const char *word) {
  return t.len == strlen(word) && memcmp(t.s, word, t.len) == 0;
}

static struct span trimmed(struct span t) {
  while (t.len && is_blank(t.s[0])) t.s++, t.len--;
  while (t.len && is_blank(t.s[t.len - 1])) t.len--;
  return t;
}

/* The part before end, which is taken off *rest with it.  false: it is not there. */
static bool cut(struct span *rest, char end, struct span *part) {
  const char *at = rest->len ? memchr(rest->s, end, rest->len) : NULL;
  if (!at) return false;
  *part = (struct span){rest->s, (size_t)(at - rest->s)};
  *rest = (struct span){at + 1, rest->len - part->len - 1};
  return true;
}

/* sts-ext-name of both records */
static bool is_field_name(struct span t) {
  if (t.len == 0 || t.len > 32 || !is_alnum(t.s[0])) return false;
  for (size_t i = 0; i < t.len; i++)
    if (!is_name_octet(t.s[i])) return false;
  return true;
}

/* ---- the TXT record */

static const char version[] = "v=STSv1";

bool sts_is_record(const char *s, size_t len) {
  size_t n = sizeof version - 1;
  if (len <= n || memcmp(s, version, n) != 0) return false;
  while (n < len && is_blank(s[n])) n++;
  return n < len && s[n] == ';';
}

static bool is_id(struct span t) {
  for (size_t i = 0; i < t.len; i++)
    if (!is_alnum(t.s[i])) return false;
  return t.len > 0 && t.len <= STS_ID_MAX;
}

static bool is_extension_value(struct span t) {
  for (size_t i = 0; i < t.len; i++)
    if (t.s[i] <= ' ' || t.s[i] > '~' || t.s[i] == '=' || t.s[i] == ';') return false;
  return t.len > 0;
}

/* *id becomes the first field of that name. */
static bool read_field(struct span field, char *id) {
  struct span name;
  if (!cut(&field, '=', &name)) return false;
  if (!is(name, "id")) return is_field_name(name) && is_extension_value(field);
  if (!is_id(field)) return false;
  if (id[0]) return true;
  memcpy(id, field.s, field.len);
  id[field.len] = 0;
  return true;
}

bool sts_record_id(char id[STS_ID_MAX + 1], const char *s, size_t len) {
  struct span rest = {s, len}, field;
  id[0] = 0;
  if (!sts_is_record(s, len) || !cut(&rest, ';', &field)) return false;
  bool more = true;
  while (more) {
    more = cut(&rest, ';', &field);
    if (!more) field = rest;
    field = trimmed(field);
    if (field.len == 0 && !more) break; /* the last delimiter */
    if (!read_field(field, id)) return false;
  }
  return id[0] != 0;
}

void sts_records_add(struct sts_records *r, const char *s, size_t len) {
  if (!sts_is_record(s, len)) return;
  r->count++;
  r->ok = sts_record_id(r->id, s, len);
}

bool sts_records_announce(const struct sts_records *r) { return r->count == 1 && r->ok; }

/* ---- names */

static bool is_label_octet(char c) { return is_alnum(c) || c == '-' || c == '_'; }

/* Labels of 1 to 63 octets. */
static bool is_domain(struct span t) {
  size_t label = 0;
  if (t.len == 0 || t.len > 253) return false;
  for (size_t i = 0; i < t.len; i++) {
    if (t.s[i] == '.' && label == 0) return false;
    if (t.s[i] != '.' && !is_label_octet(t.s[i])) return false;
    label = t.s[i] == '.' ? 0 : label + 1;
    if (label > 63) return false;
  }
  return label > 0;
}

static struct span without_final_dot(struct span t) {
  if (t.len > 1 && t.s[t.len - 1] == '.') t.len--;
  return t;
}

bool sts_domain(char *out, size_t room, const char *s, size_t len) {
  struct span t = without_final_dot((struct span){s, len});
  if (!is_domain(t) || t.len >= room) return false;
  for (size_t i = 0; i < t.len; i++) out[i] = lower(t.s[i]);
  out[t.len] = 0;
  return true;
}

static bool same_name(struct span a, struct span b) {
  if (a.len != b.len) return false;
  for (size_t i = 0; i < a.len; i++)
    if (lower(a.s[i]) != lower(b.s[i])) return false;
  return true;
}

static bool is_wildcard(struct span t) { return t.len > 2 && t.s[0] == '*' && t.s[1] == '.'; }

static struct span behind_wildcard(struct span t) { return (struct span){t.s + 2, t.len - 2}; }

static bool is_pattern(struct span t) {
  return is_domain(without_final_dot(is_wildcard(t) ? behind_wildcard(t) : t));
}

/* ---- the policy */

/* *end: where the line's octets end; *at moves behind it. */
static bool next_line(const char *text, size_t len, size_t *at, struct span *line) {
  do {
    if (*at >= len) return false;
    struct span rest = {text + *at, len - *at};
    if (!cut(&rest, '\n', line)) *line = rest, rest = (struct span){text + len, 0};
    *at = (size_t)(rest.s - text);
    if (line->len && line->s[line->len - 1] == '\r') line->len--;
    *line = trimmed(*line);
  } while (line->len == 0);
  return true;
}

static bool split(struct span line, struct span *name, struct span *value) {
  *value = line;
  if (!cut(value, ':', name) || !is_field_name(*name)) return false;
  *value = trimmed(*value);
  return value->len > 0;
}

static bool is_value(struct span t) {
  for (size_t i = 0; i < t.len; i++)
    if ((unsigned char)t.s[i] < ' ' || t.s[i] == 127) return false;
  return true;
}

static const char *const mode_names[] = {"none", "testing", "enforce"};

const char *sts_mode_name(enum sts_mode mode) { return mode_names[mode]; }

static bool read_mode(struct span t, enum sts_mode *mode) {
  for (int i = STS_NONE; i <= STS_ENFORCE; i++)
    if (is(t, mode_names[i])) return *mode = (enum sts_mode)i, true;
  return false;
}

static bool read_age(struct span t, uint32_t *age_s) {
  uint64_t n = 0;
  if (t.len == 0 || t.len > 10) return false;
  for (size_t i = 0; i < t.len; i++) {
    if (!is_digit(t.s[i])) return false;
    n = n * 10 + (uint64_t)(t.s[i] - '0');
  }
  *age_s = n > STS_MAX_AGE_MAX ? STS_MAX_AGE_MAX : (uint32_t)n;
  return true;
}

struct seen {
  bool version, mode, age;
};

static const char *read_line(struct sts_policy *p, struct seen *seen, struct span line) {
  struct span name, value;
  if (!split(line, &name, &value) || !is_value(value)) return "a line is no field";
  if (is(name, "mx")) return p->mx_count++, is_pattern(value) ? NULL : "an mx pattern is no host name";
  if (is(name, "version") && !seen->version)
    return seen->version = true, is(value, "STSv1") ? NULL : "its version is unknown";
  if (is(name, "mode") && !seen->mode)
    return seen->mode = true, read_mode(value, &p->mode) ? NULL : "its mode is unknown";
  if (is(name, "max_age") && !seen->age)
    return seen->age = true, read_age(value, &p->max_age_s) ? NULL : "max_age is no number of seconds";
  return NULL;
}

static const char *check(const struct sts_policy *p, const struct seen *seen) {
  if (!seen->version) return "it has no version";
  if (!seen->mode) return "it has no mode";
  if (!seen->age) return "it has no max_age";
  return p->mx_count || p->mode == STS_NONE ? NULL : "it has no mx";
}

const char *sts_policy_read(struct sts_policy *p, const char *text, size_t len) {
  struct seen seen = {0};
  struct span line;
  const char *problem = NULL;
  *p = (struct sts_policy){.text = text, .len = len};
  if (len > STS_POLICY_MAX) return "it is too long";
  for (size_t at = 0; !problem && next_line(text, len, &at, &line);)
    problem = read_line(p, &seen, line);
  return problem ? problem : check(p, &seen);
}

bool sts_policy_next_line(const struct sts_policy *p, size_t *at, const char **s, size_t *len) {
  struct span line;
  if (!next_line(p->text, p->len, at, &line)) return false;
  *s = line.s;
  *len = line.len;
  return true;
}

bool sts_policy_next_mx(const struct sts_policy *p, size_t *at, const char **s, size_t *len) {
  struct span line, name, value;
  while (next_line(p->text, p->len, at, &line)) {
    if (!split(line, &name, &value) || !is(name, "mx")) continue;
    *s = value.s;
    *len = value.len;
    return true;
  }
  return false;
}

static bool matches(struct span pattern, struct span host) {
  struct span label;
  pattern = without_final_dot(pattern);
  if (!is_wildcard(pattern)) return same_name(pattern, host);
  return cut(&host, '.', &label) && label.len && same_name(behind_wildcard(pattern), host);
}

bool sts_policy_allows(const struct sts_policy *p, const char *host, size_t len) {
  struct span h = without_final_dot((struct span){host, len}), pattern;
  for (size_t at = 0; sts_policy_next_mx(p, &at, &pattern.s, &pattern.len);)
    if (matches(pattern, h)) return true;
  return false;
}
