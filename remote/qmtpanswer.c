#include "config.h"
#include "remote/qmtpanswer.h"
#include <string.h>

enum { DIGITS_MAX = 5 };

enum qmtpanswer_status qmtpanswer_read(struct text in, struct text *answer, size_t *taken) {
  size_t most = in.len <= DIGITS_MAX ? in.len : DIGITS_MAX + 1;
  const char *colon = most ? memchr(in.s, ':', most) : NULL;
  uint64_t len;
  if (!colon) return in.len > DIGITS_MAX ? QMTPANSWER_MALFORMED : QMTPANSWER_MORE;
  struct text digits = {in.s, (size_t)(colon - in.s)};
  if (text_uint(digits, &len) == -1 || len == 0 || len > QMTPANSWER_OCTETS_MAX)
    return QMTPANSWER_MALFORMED;
  *answer = (struct text){colon + 1, (size_t)len};
  *taken = digits.len + 1 + (size_t)len + 1;
  if (in.len < *taken) return QMTPANSWER_MORE;
  return in.s[*taken - 1] == ',' ? QMTPANSWER_WHOLE : QMTPANSWER_MALFORMED;
}

void qmtpanswer_judge(struct verdict *v, struct text answer) {
  switch (*answer.s) {
    case 'K': verdict_set(v, RESULT_SUCCESS, "2.0.0", ""); break;
    case 'D': verdict_set(v, RESULT_FAILURE, "5.0.0", ""); break;
    case 'Z': verdict_set(v, RESULT_DEFERRAL, "4.0.0", ""); break;
    default: verdict_set(v, RESULT_DEFERRAL, "4.5.0", "");
  }
  verdict_add_text(v, (struct text){answer.s + 1, answer.len - 1});
}
