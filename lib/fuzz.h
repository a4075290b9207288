/* fuzz.h - what every *_fuzz.c here starts from */
#ifndef OWL_FUZZ_H
#define OWL_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/text.h"

/* For what compares, and is not looked for ways through: it is much faster. */
#define FUZZ_UNCOUNTED __attribute__((no_sanitize("coverage")))

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static inline void check(bool holds) {
  if (!holds) abort();
}

static inline struct text fuzz_input(const uint8_t *octets, size_t size) {
  return (struct text){(const char *)octets, size};
}

/* Takes the first octet away; 0 when there is none. */
static inline unsigned fuzz_choice(struct text *input) {
  if (input->len == 0) return 0;
  unsigned choice = (unsigned char)input->s[0];
  *input = (struct text){input->s + 1, input->len - 1};
  return choice;
}

/* A client who sends this text, which is taken away: a line_reader's source, or another's. */
static inline ssize_t fuzz_give(void *input, char *to, size_t size) {
  struct text *rest = input;
  size_t n = rest->len < size ? rest->len : size;
  if (n) memcpy(to, rest->s, n);
  *rest = (struct text){rest->s + n, rest->len - n};
  return (ssize_t)n;
}

/* A file in memory, empty again at each call; *fd is -1 at first. */
static inline int fuzz_file(int *fd) {
  if (*fd == -1) *fd = memfd_create("fuzz", MFD_CLOEXEC);
  check(*fd >= 0 && ftruncate(*fd, 0) == 0 && lseek(*fd, 0, SEEK_SET) == 0);
  return *fd;
}

#endif
