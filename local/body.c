#include "config.h"
#include "local/body.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"

enum { PIECE_OCTETS = 65536 };

int body_each(const struct body *b, body_taker *take, void *context) {
  char piece[PIECE_OCTETS];
  if (b->content.s) return b->content.len ? take(context, b->content) : 0;
  for (uint64_t at = 0; at < b->size;) {
    size_t len = b->size - at < sizeof piece ? (size_t)(b->size - at) : sizeof piece;
    if (io_pread_all(b->fd, piece, len, (off_t)at) == -1) return -1;
    int r = take(context, (struct text){piece, len});
    if (r) return r;
    at += len;
  }
  return 0;
}

/* What the queue hands out belongs to somebody else, and cannot be opened again
 * but where all is one user's. */
static int reopen(const struct body *b) {
  char path[64];
  struct stat st;
  if (b->content.s || fstat(b->fd, &st) == -1 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != b->size) return -1;
  snprintf(path, sizeof path, "/proc/self/fd/%d", b->fd);
  return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static int write_piece(void *context, struct text piece) {
  return io_write_all(*(const int *)context, piece.s, piece.len, IO_FOREVER);
}

static int copy_to_memory(const struct body *b) {
  int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd == -1) return -1;
  if (body_each(b, write_piece, &fd) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
      fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
    return fd;
  int saved = errno;
  close(fd);
  return errno = saved, -1;
}

int body_open(const struct body *b) {
  int fd = reopen(b);
  return fd >= 0 ? fd : copy_to_memory(b);
}

struct search {
  struct text wanted;
  stralloc line; /* the line so far; no more of it than could matter */
  bool over;     /* it is longer than that */
};

enum { FOUND = 1, HEADER_ENDED = 2 };

static int add(struct search *s, struct text part) {
  size_t room = s->wanted.len + 1024 - s->line.len;
  if (part.len > room) {
    s->over = true;
    part.len = room;
  }
  return text_cat(&s->line, part) == -1 ? (errno = ENOMEM, -1) : 0;
}

static int end_line(struct search *s) {
  struct text line = text_of_stralloc(&s->line);
  if (line.len == 0) return HEADER_ENDED;
  while (line.len && strchr(" \t\r", line.s[line.len - 1])) line.len--;
  if (!s->over && text_equal_nocase(line, s->wanted)) return FOUND;
  stralloc_zero(&s->line);
  s->over = false;
  return 0;
}

static int look(void *context, struct text piece) {
  struct search *s = context;
  int r = 0;
  while (r == 0 && piece.len) {
    const char *newline = memchr(piece.s, '\n', piece.len);
    size_t len = newline ? (size_t)(newline - piece.s) : piece.len;
    size_t used = newline ? len + 1 : len;
    r = add(s, (struct text){piece.s, len});
    if (r == 0 && newline) r = end_line(s);
    piece = (struct text){piece.s + used, piece.len - used};
  }
  return r;
}

int body_header_has(const struct body *b, struct text line) {
  struct search s = {line, {0}, false};
  int r = body_each(b, look, &s);
  if (r == 0 && s.line.len) r = end_line(&s); /* a last line without LF */
  stralloc_free(&s.line);
  return r == -1 ? -1 : r == FOUND;
}
