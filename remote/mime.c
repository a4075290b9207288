#include "config.h"
#include "remote/mime.h"
#include <string.h>

void mime_begin(struct mime *m) {
  stralloc field = m->field;
  stralloc_zero(&field);
  *m = (struct mime){.is_message = true, .field = field, .state = MIME_HEADER};
}

/* ---- words of a field */

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static struct text skip_blanks(struct text t) {
  while (t.len && is_blank(*t.s)) t = (struct text){t.s + 1, t.len - 1};
  return t;
}

static struct text trim(struct text t) {
  t = skip_blanks(t);
  while (t.len && is_blank(t.s[t.len - 1])) t.len--;
  return t;
}

static bool begins_nocase(struct text t, const char *word) {
  size_t len = strlen(word);
  return t.len >= len && text_equal_nocase((struct text){t.s, len}, text_of(word));
}

bool mime_is_field(struct text line, const char *name) {
  struct text rest = line, found;
  return text_cut(&rest, ':', &found) && rest.s && text_equal_nocase(trim(found), text_of(name));
}

/* The value of a parameter, quoted or not, into space; its length, or 0.  Above
 * 127 it is none (RFC 2046 5.1.1), and could not be kept in a delimiter. */
static size_t parameter_value(struct text t, char space[MIME_BOUNDARY_MAX]) {
  size_t len = 0;
  t = skip_blanks(t);
  bool quoted = t.len && *t.s == '"';
  for (size_t i = quoted; i < t.len; i++) {
    char c = t.s[i];
    if (quoted ? c == '"' : c == ';' || is_blank(c)) break;
    if (quoted && c == '\\' && i + 1 < t.len) c = t.s[++i];
    if (len == MIME_BOUNDARY_MAX || (unsigned char)c > 127) return 0;
    space[len++] = c;
  }
  return len;
}

/* A semicolon that stands in quotes divides nothing. */
static bool next_parameter(struct text *rest, struct text *parameter) {
  bool quoted = false;
  size_t i = 0;
  if (!rest->len) return false;
  for (; i < rest->len && (quoted || rest->s[i] != ';'); i++) {
    if (quoted && rest->s[i] == '\\') i++;
    else if (rest->s[i] == '"') quoted = !quoted;
  }
  if (i > rest->len) i = rest->len;
  *parameter = (struct text){rest->s, i};
  size_t used = i + (i < rest->len);
  *rest = (struct text){rest->s + used, rest->len - used};
  return true;
}

/* ---- fields */

static void take_type(struct mime *m, struct text value) {
  struct text type, parameter, name;
  if (m->has_type || !next_parameter(&value, &type)) return;
  type = trim(type);
  m->has_type = true;
  m->is_multipart = begins_nocase(type, "multipart/");
  m->is_rfc822 = text_equal_nocase(type, text_of("message/rfc822")) ||
                 text_equal_nocase(type, text_of("message/global"));
  m->is_other_message = !m->is_rfc822 && begins_nocase(type, "message/");
  m->next.is_digest = text_equal_nocase(type, text_of("multipart/digest"));
  m->next.is_signed = text_equal_nocase(type, text_of("multipart/signed")) ||
                      text_equal_nocase(type, text_of("multipart/encrypted"));
  while (m->is_multipart && m->next.len == 0 && next_parameter(&value, &parameter)) {
    if (!text_cut(&parameter, '=', &name) || !parameter.s) continue;
    if (text_equal_nocase(trim(name), text_of("boundary")))
      m->next.len = parameter_value(parameter, m->next.boundary);
  }
}

static void take_encoding(struct mime *m, struct text value) {
  static const char *const labels[] = {"", "7bit", "8bit", "binary"};
  bool is_label = false;
  value = trim(value);
  for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
    is_label = is_label || text_equal_nocase(value, text_of(labels[i]));
  m->has_encoding = m->has_encoding || !is_label;
}

static void end_field(struct mime *m) {
  struct text field = text_of_stralloc(&m->field), value = field, name;
  if (!text_cut(&value, ':', &name) || !value.s) return;
  if (mime_is_field(field, "Content-Type")) take_type(m, value);
  if (mime_is_field(field, "Content-Transfer-Encoding")) take_encoding(m, value);
  if (mime_is_field(field, "MIME-Version")) m->has_version = true;
}

static int add_to_field(struct mime *m, struct text line) {
  if (m->field.len + line.len > MIME_FIELD_MAX) return 0;
  return text_cat(&m->field, line);
}

/* ---- parts */

static void begin_part(struct mime *m, bool is_message) {
  m->part++;
  m->state = MIME_HEADER;
  m->is_message = is_message;
  m->has_version = m->has_type = m->has_encoding = false;
  m->is_multipart = m->is_other_message = m->is_rfc822 = false;
  m->next = (struct mime_level){.len = 0};
  stralloc_zero(&m->field);
}

bool mime_is_signed(const struct mime *m) {
  for (size_t i = 0; i < m->depth; i++)
    if (m->levels[i].is_signed) return true;
  return false;
}

static enum mime_kind kind_of(struct mime *m) {
  if (!m->has_type && !m->is_message && m->depth && m->levels[m->depth - 1].is_digest)
    m->is_rfc822 = true;
  bool is_composite = m->is_multipart || m->is_rfc822;
  bool fits = !m->is_multipart || (m->next.len && m->depth < MIME_DEPTH_MAX);
  if (is_composite && fits && !m->has_encoding) return MIME_COMPOSITE;
  return is_composite || m->is_other_message || m->has_encoding || mime_is_signed(m) ? MIME_CLOSED : MIME_SINGLE;
}

static void end_header(struct mime *m) {
  end_field(m);
  m->place = MIME_BLANK;
  m->kind = kind_of(m);
  m->state = MIME_LEAF;
  if (m->kind != MIME_COMPOSITE) return;
  m->state = MIME_BETWEEN;
  if (m->is_multipart) m->levels[m->depth++] = m->next;
}

/* ---- lines */

/* "--" boundary, "--" where it is the last, and blanks. */
static bool is_delimiter(const struct mime_level *l, struct text line, bool *is_last) {
  struct text rest = {line.s + 2, line.len - 2};
  if (rest.len < l->len || memcmp(rest.s, l->boundary, l->len) != 0) return false;
  rest = (struct text){rest.s + l->len, rest.len - l->len};
  *is_last = rest.len >= 2 && memcmp(rest.s, "--", 2) == 0;
  if (*is_last) rest = (struct text){rest.s + 2, rest.len - 2};
  return skip_blanks(rest).len == 0;
}

static bool take_delimiter(struct mime *m, struct text line) {
  bool is_last;
  if (line.len < 3 || memcmp(line.s, "--", 2) != 0) return false;
  for (size_t i = m->depth; i > 0; i--) {
    if (!is_delimiter(&m->levels[i - 1], line, &is_last)) continue;
    m->depth = is_last ? i - 1 : i;
    if (is_last)
      m->state = MIME_BETWEEN;
    else
      begin_part(m, false);
    m->place = MIME_BETWEEN;
    return true;
  }
  return false;
}

static int take_header_line(struct mime *m, struct text line) {
  if (line.len && !is_blank(*line.s)) {
    end_field(m);
    stralloc_zero(&m->field);
  }
  return add_to_field(m, line);
}

int mime_line(struct mime *m, struct text line, bool begins) {
  if (!begins) return m->place == MIME_HEADER ? add_to_field(m, line) : 0;
  if (m->place == MIME_BLANK && m->kind == MIME_COMPOSITE && !m->is_multipart)
    begin_part(m, true);
  if (take_delimiter(m, line)) return 0;
  m->place = m->state;
  if (m->state != MIME_HEADER) return 0;
  if (line.len == 0) return end_header(m), 0;
  return take_header_line(m, line);
}

void mime_free(struct mime *m) { stralloc_free(&m->field); }
