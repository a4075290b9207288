/* However the data is cut, it decodes to the same, and ends where the first
 * CRLF.CRLF stands. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "smtpd/talker/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static size_t end_of_data(const char *s, size_t size) {
  if (size >= 3 && memcmp(s, ".\r\n", 3) == 0) return 3;
  const char *end = size ? memmem(s, size, "\r\n.\r\n", 5) : NULL;
  return end ? (size_t)(end - s) + 5 : 0;
}

static size_t decode(struct data *d, const char *s, size_t size, size_t piece, char *out) {
  size_t at = 0, stored = 0;
  while (at < size && d->state != DATA_END) {
    struct text in = {s + at, size - at < piece ? size - at : piece};
    size_t room = in.len, n = data_decode(d, &in, out + stored);
    if (n > room + DATA_HELD_OCTETS || (in.len && d->state != DATA_END)) abort();
    stored += n;
    at = (size_t)(in.s - s);
  }
  if (d->state == DATA_END ? at != end_of_data(s, size) : end_of_data(s, size) != 0) abort();
  return stored;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct data whole = {0}, pieces = {0};
  if (size == 0) return 0;
  const char *s = (const char *)octets + 1;
  size_t piece = (size_t)octets[0] % 7 + 1;
  size--;
  char *one = malloc(size + 1), *two = malloc(size + 1);
  size_t n = decode(&whole, s, size, size + 1, one);
  size_t m = decode(&pieces, s, size, piece, two);
  if (n != m || memcmp(one, two, n) != 0) abort();
  if (whole.bare_cr != pieces.bare_cr || whole.bare_lf != pieces.bare_lf) abort();
  if (whole.hops != pieces.hops || whole.size != pieces.size) abort();
  free(one);
  free(two);
  return 0;
}
