#include "config.h"
#include "queue/owlq/terminal.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* for the signal handler */
static volatile sig_atomic_t asked_to_end;

static void note_signal(int number) {
  if (number != SIGWINCH) asked_to_end = 1;
}

/* Without SA_RESTART: they end a wait. */
static void catch_signals(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
  struct sigaction a = {.sa_handler = note_signal};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) sigaction(numbers[i], &a, NULL);
}

static void say(const char *sequence) {
  fputs(sequence, stdout);
  fflush(stdout);
}

int terminal_begin(struct terminal *t) {
  if (!isatty(1) || tcgetattr(0, &t->before) == -1) return errno = ENOTTY, -1;
  struct termios raw = t->before;
  raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG); /* ^Z would leave the screen to the shell */
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  catch_signals();
  if (tcsetattr(0, TCSANOW, &raw) == -1) return -1;
  say("\033[?1049h\033[?25l");
  return 0;
}

struct terminal_size terminal_size(void) {
  struct winsize size;
  struct terminal_size s = {80, 24};
  if (ioctl(1, TIOCGWINSZ, &size) == -1) return s;
  if (size.ws_col) s.columns = size.ws_col;
  if (size.ws_row) s.rows = size.ws_row;
  return s;
}

void terminal_draw(struct text lines) {
  say("\033[H");
  while (lines.len) {
    const char *end = memchr(lines.s, '\n', lines.len);
    size_t len = end ? (size_t)(end - lines.s) : lines.len;
    fwrite(lines.s, 1, len, stdout);
    lines = end ? (struct text){end + 1, lines.len - len - 1} : TEXT_ABSENT;
    fputs(lines.len ? "\033[K\r\n" : "\033[K", stdout); /* no LF behind the last: it would scroll */
  }
  say("\033[J");
}

int terminal_key(int limit_ms) {
  struct pollfd p = {0, POLLIN, 0};
  unsigned char key;
  if (asked_to_end) return TERMINAL_GONE;
  int n = poll(&p, 1, limit_ms);
  if (n == -1) return errno == EINTR && !asked_to_end ? TERMINAL_NOTHING : TERMINAL_GONE;
  if (n == 0) return TERMINAL_NOTHING;
  return read(0, &key, 1) == 1 ? key : TERMINAL_GONE;
}

void terminal_end(const struct terminal *t) {
  say("\033[?25h\033[?1049l");
  (void)tcsetattr(0, TCSANOW, &t->before);
}
