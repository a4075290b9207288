#include "config.h"
#include "smtpd/talker/parameter.h"
#include <string.h>

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

struct parameter {
  struct text keyword, value; /* value absent: no '=' */
};

static struct parameter next_parameter(struct text *rest) {
  while (rest->len && is_blank(rest->s[0])) *rest = (struct text){rest->s + 1, rest->len - 1};
  size_t n = 0;
  while (n < rest->len && !is_blank(rest->s[n])) n++;
  struct parameter p = {{rest->s, n}, TEXT_ABSENT};
  const char *equals = n ? memchr(rest->s, '=', n) : NULL;
  if (equals) {
    p.keyword.len = (size_t)(equals - rest->s);
    p.value = (struct text){equals + 1, n - p.keyword.len - 1};
  }
  *rest = (struct text){rest->s + n, rest->len - n};
  return p;
}

static bool take_size(struct text value, struct door_request *r) {
  return value.len <= 20 && text_uint(value, &r->octets) == 0 && r->octets <= INT64_MAX;
}

static bool take_body(struct text value, struct door_request *r) {
  if (text_equal_nocase(value, text_of("7BIT"))) r->envelope.body = BODY_7BIT;
  else if (text_equal_nocase(value, text_of("8BITMIME"))) r->envelope.body = BODY_8BITMIME;
  else if (text_equal_nocase(value, text_of("BINARYMIME"))) r->envelope.body = BODY_BINARYMIME;
  else return false;
  return true;
}

static const struct {
  const char *keyword;
  bool (*take)(struct text value, struct door_request *r);
} of_mail[] = {{"SIZE", take_size}, {"BODY", take_body}};

enum { OF_MAIL_COUNT = sizeof of_mail / sizeof of_mail[0] };

struct reply parameters_of_mail(struct text parameters, struct door_request *r) {
  bool seen[OF_MAIL_COUNT] = {false};
  while (parameters.len) {
    if (!is_blank(parameters.s[0])) return reply_say(501, "5.5.4", "a blank goes behind the address");
    struct parameter p = next_parameter(&parameters);
    size_t i = 0;
    while (i < OF_MAIL_COUNT && !text_equal_nocase(p.keyword, text_of(of_mail[i].keyword))) i++;
    if (i == OF_MAIL_COUNT) return reply_say(555, "5.5.4", "a parameter of MAIL that is not known here");
    if (seen[i] || !of_mail[i].take(p.value, r))
      return reply_say(501, "5.5.4", "a parameter of MAIL is malformed or given twice");
    seen[i] = true;
  }
  return (struct reply){.code = 250};
}

struct reply parameters_of_rcpt(struct text parameters) {
  if (parameters.len == 0) return (struct reply){.code = 250};
  if (!is_blank(parameters.s[0])) return reply_say(501, "5.5.4", "a blank goes behind the address");
  return reply_say(555, "5.5.4", "a parameter of RCPT that is not known here");
}
