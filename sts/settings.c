#include "config.h"
#include "sts/settings.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/controltable.h"
#include "sts/say.h"

/* Where Debian's ca-certificates and most others have them. */
static const char system_authorities[] = "/etc/ssl/certs/ca-certificates.crt";

static const char *folder(void) {
  const char *named = secure_getenv("OWLPOST_CONTROL");
  return named && *named ? named : CONTROL_DIR;
}

static void cut_blanks(char *s) {
  size_t n = strlen(s);
  while (n && strchr(" \t\n", s[n - 1])) n--;
  s[n] = 0;
}

/* An absent file is the default; anything else that cannot be read is an error. */
static int read_value(enum control_name name, char *to, size_t room) {
  char path[SETTINGS_PATH];
  const char *file = control_table[name].name;
  if ((size_t)snprintf(path, sizeof path, "%s/%s", folder(), file) >= sizeof path) return say("its path is too long", file), -1;
  FILE *f = fopen(path, "re");
  if (!f && errno == ENOENT) return snprintf(to, room, "%s", control_table[name].fallback), 0;
  if (!f) return say_errno("unable to read", path), -1;
  if (!fgets(to, (int)room, f)) to[0] = 0;
  int bad = ferror(f) || strlen(to) + 1 >= room;
  fclose(f);
  if (bad) return say("unable to read it, or it is too long", path), -1;
  cut_blanks(to);
  return 0;
}

static int read_seconds(enum control_name name, unsigned *seconds) {
  char digits[32], *end;
  if (read_value(name, digits, sizeof digits) == -1) return -1;
  errno = 0;
  unsigned long n = strtoul(digits, &end, 10);
  if (digits[0] < '0' || digits[0] > '9' || *end || errno || n > 86400)
    return say("it is no number of seconds, at most a day", control_table[name].name), -1;
  *seconds = (unsigned)n;
  return 0;
}

int settings_read(struct settings *s) {
  if (read_value(CONTROL_REMOTEDIR, s->remotedir, sizeof s->remotedir) == -1 ||
      read_value(CONTROL_STSAUTHORITIES, s->authorities, sizeof s->authorities) == -1 ||
      read_seconds(CONTROL_TIMEOUTSTS, &s->timeout_s) == -1)
    return -1;
  if (!s->authorities[0]) snprintf(s->authorities, sizeof s->authorities, "%s", system_authorities);
  return 0;
}
