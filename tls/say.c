#include "config.h"
#include "tls/say.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOG_FD = 2 };

void say(const char *format, ...) {
  char line[SAY_MAX + 2] = "owl-tlsd: ";
  size_t start = strlen(line);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line + start, sizeof line - start - 1, format, arguments);
  va_end(arguments);
  size_t len = strlen(line);
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)line[i] < ' ' || line[i] == 127) line[i] = '?';
  line[len++] = '\n';
  /* a log that cannot be written is nobody's to hear of */
  if (write(LOG_FD, line, len) == -1) return;
}
