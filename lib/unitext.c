#include "config.h"
#include "lib/unitext.h"
#include <stdio.h>
#include "lib/utf8.h"

/* QCHAR of RFC 6533 */
static bool stands_for_itself(uint32_t c) {
  return c > 0x20 && c < 0x7F && c != '+' && c != '=' && c != '\\';
}

static int put(stralloc *out, uint32_t c) {
  char code[16];
  int len = snprintf(code, sizeof code, stands_for_itself(c) ? "%c" : "\\x{%02X}", (int)c);
  return len > 0 && stralloc_catb(out, code, (size_t)len) ? 0 : -1;
}

int unitext_encode(stralloc *out, struct text address) {
  size_t start = out->len;
  while (address.len) {
    uint32_t c;
    if (!utf8_take(&address, &c) || put(out, c) == -1) {
      out->len = start;
      return -1;
    }
  }
  return 0;
}
