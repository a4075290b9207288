#include "config.h"
#include "lib/hex.h"
#include <string.h>

static const char digits[] = "0123456789abcdef";

int hex_cat(stralloc *out, struct text octets) {
  for (size_t i = 0; i < octets.len; i++) {
    unsigned char c = (unsigned char)octets.s[i];
    char pair[2] = {digits[c >> 4], digits[c & 15]};
    if (!stralloc_catb(out, pair, 2)) return -1;
  }
  return 0;
}

static const char *find(char c) { return c ? strchr(digits, c) : NULL; }

int hex_decode(stralloc *out, struct text t) {
  if (t.len % 2) return -1;
  for (size_t i = 0; i < t.len; i += 2) {
    const char *high = find(t.s[i]), *low = find(t.s[i + 1]);
    if (!high || !low) return -1;
    char c = (char)((high - digits) << 4 | (low - digits));
    if (!stralloc_catb(out, &c, 1)) return -1;
  }
  return 0;
}
