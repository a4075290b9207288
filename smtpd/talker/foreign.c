#include "config.h"
#include "smtpd/talker/foreign.h"
#include <string.h>

static bool starts_with(struct text line, const char *head) {
  size_t len = strlen(head);
  return line.len >= len && text_equal_nocase((struct text){line.s, len}, text_of(head));
}

static bool starts_with_method(struct text line) {
  static const char *const methods[] = {"GET ",     "POST ",    "PUT ",   "HEAD ", "DELETE ",
                                        "OPTIONS ", "CONNECT ", "PATCH ", "TRACE "};
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
    if (starts_with(line, methods[i])) return true;
  return false;
}

bool foreign_is_http(struct text line) {
  static const char version[] = " HTTP/1.";
  size_t tail = sizeof version; /* and one digit */
  if (starts_with(line, "Host:")) return true;
  if (line.len < tail || !starts_with_method(line)) return false;
  return starts_with((struct text){line.s + line.len - tail, tail}, version);
}
