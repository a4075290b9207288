#include "config.h"
#include "pop3d/pop3.h"

bool pop3_fits(enum pop3_argument wanted, struct text given) {
  return wanted == POP3_MAYBE || (wanted == POP3_NEEDED) == (given.len > 0);
}

static bool put_delay(stralloc *out, uint64_t seconds) {
  if (seconds == 0) return true;
  return stralloc_cats(out, "LOGIN-DELAY ") && text_cat_uint(out, seconds) == 0 && stralloc_cats(out, "\r\n");
}

int pop3_put_capabilities(stralloc *out, bool has_login, uint64_t login_delay_s) {
  bool stored = put_delay(out, login_delay_s) &&
                stralloc_cats(out, "TOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\nEXPIRE NEVER\r\nLANG\r\n") &&
                stralloc_cats(out, has_login ? "AUTH-RESP-CODE\r\nUTF8 USER\r\n" : "") &&
                stralloc_cats(out, "IMPLEMENTATION owlpost\r\n.\r\n");
  return stored ? 0 : -1;
}
