#include "config.h"
#include "auth/dovecotline.h"
#include <string.h>
#include "lib/base64.h"

enum { ESCAPE = 1 };

static bool begins(struct text t, const char *with, struct text *rest) {
  size_t len = strlen(with);
  if (t.len < len || memcmp(t.s, with, len) != 0) return false;
  *rest = (struct text){t.s + len, t.len - len};
  return true;
}

static int unescape(stralloc *out, struct text t) {
  stralloc_zero(out);
  for (size_t i = 0; i < t.len; i++) {
    char c = t.s[i];
    if (c == ESCAPE && i + 1 < t.len) c = strchr("0", t.s[++i]) ? 0 : t.s[i] == 't' ? '\t' : t.s[i] == 'n' ? '\n' : t.s[i] == 'r' ? '\r' : ESCAPE;
    if (!stralloc_append(out, &c)) return -1;
  }
  return 0;
}

static bool is_field(struct text word, const char *name) {
  struct text rest;
  return begins(word, name, &rest) && (rest.len == 0 || rest.s[0] == '=');
}

static void begin(struct dovecot_user *user) {
  stralloc_zero(&user->name);
  stralloc_zero(&user->home);
  user->has_uid = user->has_gid = false;
}

/* A uid that is a name counts as not given. */
static int read_field(struct text word, struct dovecot_user *user) {
  struct text value;
  if (begins(word, "user=", &value)) return unescape(&user->name, value);
  if (begins(word, "home=", &value)) return unescape(&user->home, value);
  if (begins(word, "uid=", &value)) user->has_uid = text_uint(value, &user->uid) == 0 && user->uid <= UINT32_MAX;
  if (begins(word, "gid=", &value)) user->has_gid = text_uint(value, &user->gid) == 0 && user->gid <= UINT32_MAX;
  return 0;
}

void dovecotline_free(struct dovecot_user *user) {
  stralloc_free(&user->name);
  stralloc_free(&user->home);
}

/* nologin: the password is right, and the user may not log in all the same,
 * unless that is only to say that it is to do so at another host.
 * A user that no log line or trace field can hold is nobody. */
static enum dovecot_word read_right(struct text rest, struct dovecot_user *user) {
  struct text word;
  bool locked = false, elsewhere = false;
  begin(user);
  while (text_cut(&rest, '\t', &word)) {
    if (read_field(word, user) == -1) return DOVECOT_MALFORMED;
    locked = locked || is_field(word, "nologin");
    elsewhere = elsewhere || is_field(word, "proxy") || is_field(word, "host");
  }
  if (locked && !elsewhere) return DOVECOT_WRONG;
  return text_is_clean(text_of_stralloc(&user->name)) && user->name.len <= CREDENTIAL_USER_MAX ? DOVECOT_RIGHT : DOVECOT_MALFORMED;
}

static enum dovecot_word read_wrong(struct text rest) {
  struct text word;
  while (text_cut(&rest, '\t', &word))
    if (text_equals(word, "temp")) return DOVECOT_LATER;
  return DOVECOT_WRONG;
}

enum dovecot_word dovecotline_read(struct text line, struct dovecot_user *user) {
  struct text rest = line, verb, number;
  if (!text_cut(&rest, '\t', &verb)) return DOVECOT_MALFORMED;
  if (text_equals(verb, "DONE")) return DOVECOT_DONE;
  bool version = text_equals(verb, "VERSION"), right = text_equals(verb, "OK"), wrong = text_equals(verb, "FAIL");
  if (text_equals(verb, "CONT")) return DOVECOT_MALFORMED;
  if (!version && !right && !wrong) return DOVECOT_OTHER;
  if (!text_cut(&rest, '\t', &number) || !text_equals(number, "1")) return DOVECOT_MALFORMED;
  return version ? DOVECOT_OTHER : right ? read_right(rest, user) : read_wrong(rest);
}

static int put_value(stralloc *out, const char *name, struct text value) {
  if (!value.len) return 0;
  return stralloc_cats(out, "\t") && stralloc_cats(out, name) && text_cat(out, value) == 0 ? 0 : -1;
}

static int put_number(stralloc *out, const char *name, uint64_t number) {
  if (!number) return 0;
  return stralloc_cats(out, "\t") && stralloc_cats(out, name) && text_cat_uint(out, number) == 0 ? 0 : -1;
}

/* RFC 4616: NUL user NUL password. */
static int put_plain(stralloc *out, struct text user, struct text secret) {
  stralloc message = {0};
  bool made = stralloc_ready(&message, user.len + secret.len + 2) && stralloc_0(&message) && text_cat(&message, user) == 0 &&
              stralloc_0(&message) && text_cat(&message, secret) == 0 && base64_cat(out, text_of_stralloc(&message)) == 0;
  text_wipe(&message);
  return made ? 0 : -1;
}

int dovecotline_put(stralloc *out, const struct credential_request *r, struct text user, uint64_t pid) {
  /* at once: a buffer that grows leaves secrets behind */
  if (!stralloc_ready(out, 2 * (CREDENTIAL_SECRET_MAX + CREDENTIAL_USER_MAX) + 1024)) return -1;
  if (!stralloc_cats(out, "VERSION\t1\t1\nCPID\t") || text_cat_uint(out, pid) == -1) return -1;
  if (!stralloc_cats(out, "\nAUTH\t1\tPLAIN")) return -1;
  if (put_value(out, "service=", r->service) == -1 || put_value(out, "rip=", r->client_address) == -1) return -1;
  if (put_value(out, "lip=", r->local_address) == -1 || put_number(out, "rport=", r->client_port) == -1) return -1;
  if (put_number(out, "lport=", r->local_port) == -1) return -1;
  /* who offers PLAIN is to decide about TLS, not Dovecot; and delays are owl-authd's, which keep no process waiting */
  if (!stralloc_cats(out, "\tsecured\tno-penalty\tresp=") || put_plain(out, user, r->secret) == -1) return -1;
  return stralloc_cats(out, "\n") ? 0 : -1;
}
