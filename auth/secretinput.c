#include "config.h"
#include "auth/secretinput.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "lib/credential.h"

/* Octet by octet: what follows the line is somebody else's. */
static int read_line(stralloc *secret, const char **why) {
  char c;
  ssize_t n;
  credential_wipe(secret);
  if (!stralloc_ready(secret, SECRETINPUT_MAX + 1)) return *why = "out of memory", -1;
  while ((n = read(0, &c, 1)) != 0) {
    if (n == -1 && errno == EINTR) continue;
    if (n == -1) return *why = strerror(errno), -1;
    if (c == '\n') break;
    if (c == 0) return *why = "it holds a NUL", -1;
    if (secret->len == SECRETINPUT_MAX) return *why = "it is longer than 1024 octets", -1;
    secret->s[secret->len++] = c;
  }
  return secret->len ? 0 : (*why = "it is empty", -1);
}

static int ask(stralloc *secret, const char *prompt, const char **why) {
  struct termios shown, hidden;
  if (tcgetattr(0, &shown) == -1) return *why = strerror(errno), -1;
  hidden = shown;
  hidden.c_lflag &= (tcflag_t)~ECHO;
  hidden.c_lflag |= ECHONL;
  if (tcsetattr(0, TCSAFLUSH, &hidden) == -1) return *why = strerror(errno), -1;
  fputs(prompt, stderr);
  int r = read_line(secret, why);
  (void)tcsetattr(0, TCSAFLUSH, &shown);
  return r;
}

int secretinput_read(stralloc *secret, bool confirm, const char **why) {
  stralloc again = {0};
  if (!isatty(0)) return read_line(secret, why);
  int r = ask(secret, "password: ", why);
  if (r == 0 && confirm) r = ask(&again, "once more: ", why);
  if (r == 0 && confirm && !text_equal(text_of_stralloc(secret), text_of_stralloc(&again))) r = (*why = "the two are not the same", -1);
  text_wipe(&again);
  return r;
}
