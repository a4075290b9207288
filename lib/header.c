#include "config.h"
#include "lib/header.h"
#include <string.h>

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* RFC 5322 3.6.8 */
static bool is_name_octet(char c) { return c > 32 && c < 127 && c != ':'; }

static size_t name_length(struct text line) {
  size_t n = 0;
  while (n < line.len && is_name_octet(line.s[n])) n++;
  return n;
}

/* Where the colon is; blanks may stand before it (RFC 5322 4.5).  0: none. */
static size_t colon_at(struct text line) {
  size_t i = name_length(line);
  if (i == 0) return 0;
  while (i < line.len && is_blank(line.s[i])) i++;
  return i < line.len && line.s[i] == ':' ? i : 0;
}

enum header_line header_line(struct text line) {
  if (line.len == 0 || line.s[0] == '\n') return HEADER_LINE_EMPTY;
  if (is_blank(line.s[0])) return HEADER_LINE_FOLDED;
  return colon_at(line) ? HEADER_LINE_FIELD : HEADER_LINE_NO_FIELD;
}

static size_t line_length(struct text t) {
  const char *newline = t.len ? memchr(t.s, '\n', t.len) : NULL;
  return newline ? (size_t)(newline - t.s) + 1 : t.len;
}

static struct text behind(struct text t, size_t n) { return (struct text){t.s + n, t.len - n}; }

static size_t field_length(struct text t) {
  size_t n = line_length(t);
  while (n < t.len && is_blank(t.s[n])) n += line_length(behind(t, n));
  return n;
}

bool header_next(struct text *rest, struct header_field *field) {
  if (rest->len == 0 || header_line(*rest) != HEADER_LINE_FIELD) return false;
  field->whole = (struct text){rest->s, field_length(*rest)};
  field->name = (struct text){rest->s, name_length(*rest)};
  field->value = behind(field->whole, colon_at(*rest) + 1);
  if (field->value.len && field->value.s[field->value.len - 1] == '\n') field->value.len--;
  *rest = behind(*rest, field->whole.len);
  return true;
}

bool header_find(struct text header, const char *name, struct header_field *field) {
  while (header_next(&header, field))
    if (text_equal_nocase(field->name, text_of(name))) return true;
  return false;
}

static const struct {
  const char *name;
  unsigned traits;
} fields[HEADER_NAME_COUNT] = {
  [HEADER_OTHER] = {"", 0},
  [HEADER_APPARENTLY_TO] = {"Apparently-To", HEADER_ADDRESSES | HEADER_RECIPIENTS},
  [HEADER_BCC] = {"Bcc", HEADER_ADDRESSES | HEADER_RECIPIENTS},
  [HEADER_CC] = {"Cc", HEADER_ADDRESSES | HEADER_RECIPIENTS},
  [HEADER_CONTENT_LENGTH] = {"Content-Length", 0},
  [HEADER_DATE] = {"Date", 0},
  [HEADER_DISPOSITION_NOTIFICATION_TO] = {"Disposition-Notification-To", HEADER_ADDRESSES},
  [HEADER_ERRORS_TO] = {"Errors-To", HEADER_ADDRESSES},
  [HEADER_FROM] = {"From", HEADER_ADDRESSES},
  [HEADER_MAIL_FOLLOWUP_TO] = {"Mail-Followup-To", HEADER_ADDRESSES},
  [HEADER_MAIL_REPLY_TO] = {"Mail-Reply-To", HEADER_ADDRESSES},
  [HEADER_MESSAGE_ID] = {"Message-ID", 0},
  [HEADER_REPLY_TO] = {"Reply-To", HEADER_ADDRESSES},
  [HEADER_RESENT_BCC] = {"Resent-Bcc", HEADER_ADDRESSES | HEADER_RECIPIENTS | HEADER_RESENT},
  [HEADER_RESENT_CC] = {"Resent-Cc", HEADER_ADDRESSES | HEADER_RECIPIENTS | HEADER_RESENT},
  [HEADER_RESENT_DATE] = {"Resent-Date", HEADER_RESENT},
  [HEADER_RESENT_FROM] = {"Resent-From", HEADER_ADDRESSES | HEADER_RESENT},
  [HEADER_RESENT_MESSAGE_ID] = {"Resent-Message-ID", HEADER_RESENT},
  [HEADER_RESENT_REPLY_TO] = {"Resent-Reply-To", HEADER_ADDRESSES | HEADER_RESENT},
  [HEADER_RESENT_SENDER] = {"Resent-Sender", HEADER_ADDRESSES | HEADER_RESENT},
  [HEADER_RESENT_TO] = {"Resent-To", HEADER_ADDRESSES | HEADER_RECIPIENTS | HEADER_RESENT},
  [HEADER_RETURN_PATH] = {"Return-Path", HEADER_ADDRESSES},
  [HEADER_RETURN_RECEIPT_TO] = {"Return-Receipt-To", HEADER_ADDRESSES},
  [HEADER_SENDER] = {"Sender", HEADER_ADDRESSES},
  [HEADER_TO] = {"To", HEADER_ADDRESSES | HEADER_RECIPIENTS},
};

enum header_name header_classify(struct text name) {
  for (unsigned i = HEADER_OTHER + 1; i < HEADER_NAME_COUNT; i++)
    if (text_equal_nocase(name, text_of(fields[i].name))) return (enum header_name)i;
  return HEADER_OTHER;
}

unsigned header_traits(enum header_name name) { return fields[name].traits; }
