#include "config.h"
#include "lib/sasl.h"
#include <string.h>
#include "lib/base64.h"
#include "lib/utf8.h"

enum { CRAM_DIGITS = 32, PROOF_OCTETS = 32 };

static const char *const names[SASL_MECHANISM_COUNT] = {
  [SASL_EXTERNAL] = "EXTERNAL", [SASL_SCRAM_SHA_256_PLUS] = "SCRAM-SHA-256-PLUS",
  [SASL_SCRAM_SHA_256] = "SCRAM-SHA-256", [SASL_CRAM_MD5] = "CRAM-MD5",
  [SASL_PLAIN] = "PLAIN", [SASL_LOGIN] = "LOGIN"};

const char *sasl_name(enum sasl_mechanism m) { return names[m]; }

bool sasl_find(struct text name, enum sasl_mechanism *m) {
  for (unsigned i = 0; i < SASL_MECHANISM_COUNT; i++)
    if (text_equal_nocase(name, text_of(names[i]))) return *m = (enum sasl_mechanism)i, true;
  return false;
}

unsigned sasl_set(struct text rest) {
  struct text name;
  enum sasl_mechanism m;
  unsigned set = 0;
  while (text_cut(&rest, ' ', &name))
    if (sasl_find(name, &m)) set |= 1u << m;
  return set;
}

int sasl_cat_set(stralloc *out, unsigned set) {
  for (unsigned i = 0; i < SASL_MECHANISM_COUNT; i++)
    if (set & 1u << i && (!stralloc_cats(out, " ") || !stralloc_cats(out, names[i]))) return -1;
  return 0;
}

/* ---- what all of them use */

static enum sasl_next send_challenge(struct sasl *s, struct text challenge) {
  s->challenge = challenge;
  return SASL_SEND;
}

bool sasl_is_user(struct text t) { return t.len > 0 && t.len <= SASL_USER_MAX && text_is_clean(t) && utf8_is_valid(t); }

static bool is_secret(struct text t) { return t.len > 0 && t.len <= SASL_SECRET_MAX && !memchr(t.s, 0, t.len); }

static struct text behind(struct text t, size_t n) { return (struct text){t.s + n, t.len - n}; }

/* The question has the user, and the secret where there is one. */
static enum sasl_next ask(struct sasl *s, struct text user, struct text secret) {
  if (text_copy(&s->user, user) == -1 || (secret.s && text_copy(&s->secret, secret) == -1)) return SASL_NO_MEMORY;
  s->question = (struct sasl_question){.mechanism = text_of(names[s->mechanism]), .user = text_of_stralloc(&s->user)};
  if (secret.s) s->question.secret = secret.len ? text_of_stralloc(&s->secret) : text_of("");
  return SASL_ASK;
}

/* ---- PLAIN: [authzid] NUL authcid NUL passwd */

static enum sasl_next plain(struct sasl *s, struct text message) {
  struct text authzid, user;
  if (!message.s) return send_challenge(s, text_of(""));
  if (!text_cut(&message, 0, &authzid) || !message.s || !text_cut(&message, 0, &user) || !message.s) return SASL_MALFORMED;
  if (!sasl_is_user(user) || !is_secret(message)) return SASL_MALFORMED;
  if (authzid.len && !text_equal(authzid, user)) return SASL_FOREIGN;
  return ask(s, user, message);
}

/* ---- LOGIN: two questions in the clear, never specified */

static enum sasl_next login(struct sasl *s, struct text message) {
  if (!message.s) return send_challenge(s, text_of("Username:"));
  if (s->step++ == 0) {
    if (!sasl_is_user(message)) return SASL_MALFORMED;
    return text_copy(&s->user, message) == -1 ? SASL_NO_MEMORY : send_challenge(s, text_of("Password:"));
  }
  if (!is_secret(message)) return SASL_MALFORMED;
  if (text_copy(&s->secret, message) == -1) return SASL_NO_MEMORY;
  s->question = (struct sasl_question){.mechanism = text_of(names[SASL_LOGIN]), .user = text_of_stralloc(&s->user),
                                       .secret = text_of_stralloc(&s->secret)};
  return SASL_ASK;
}

/* ---- CRAM-MD5: the challenge; then user, a blank, and the digest */

static bool is_hexadecimal(struct text t) {
  for (size_t i = 0; i < t.len; i++)
    if (!t.s[i] || !strchr("0123456789abcdef", t.s[i])) return false;
  return true;
}

static enum sasl_next cram_md5(struct sasl *s, struct text message) {
  if (s->step++ == 0) {
    if (message.s) return SASL_MALFORMED; /* the server speaks first */
    s->question = (struct sasl_question){.mechanism = text_of(names[SASL_CRAM_MD5])};
    return SASL_ASK;
  }
  if (message.len < CRAM_DIGITS + 2) return SASL_MALFORMED;
  size_t blank = message.len - CRAM_DIGITS - 1; /* a name may have blanks, too */
  struct text user = {message.s, blank}, digest = behind(message, blank + 1);
  if (message.s[blank] != ' ' || !sasl_is_user(user) || !is_hexadecimal(digest)) return SASL_MALFORMED;
  return ask(s, user, digest);
}

/* ---- EXTERNAL: whom the certificate is to stand for, or nothing */

static enum sasl_next external(struct sasl *s, struct text message) {
  if (!message.s) return send_challenge(s, text_of(""));
  if (message.len && !sasl_is_user(message)) return SASL_MALFORMED;
  enum sasl_next next = ask(s, message, TEXT_ABSENT);
  if (message.len == 0) s->question.user = TEXT_ABSENT;
  return next;
}

/* ---- SCRAM */

int sasl_cat_name(stralloc *out, struct text user) {
  for (size_t i = 0; i < user.len; i++) {
    const char *escape = user.s[i] == ',' ? "=2C" : "=3D";
    bool plain_octet = user.s[i] != ',' && user.s[i] != '=';
    if (plain_octet ? !stralloc_catb(out, user.s + i, 1) : !stralloc_cats(out, escape)) return -1;
  }
  return 0;
}

/* Only what sasl_cat_name() writes: the guard has to make the same again. */
static enum sasl_next read_name(stralloc *out, struct text name) {
  stralloc_zero(out);
  while (name.len) {
    bool escaped = name.s[0] == '=';
    struct text code = {name.s, name.len < 3 ? name.len : 3};
    char c = name.s[0];
    if (escaped && !text_equals(code, "=2C") && !text_equals(code, "=3D")) return SASL_MALFORMED;
    if (escaped) c = code.s[1] == '2' ? ',' : '=';
    if (!stralloc_catb(out, &c, 1)) return SASL_NO_MEMORY;
    name = behind(name, escaped ? 3 : 1);
  }
  return sasl_is_user(text_of_stralloc(out)) ? SASL_ASK : SASL_MALFORMED;
}

static bool starts_with(struct text t, const char *head) {
  size_t len = strlen(head);
  return t.len >= len && memcmp(t.s, head, len) == 0;
}

/* gs2-cbind-flag "," [ "a=" saslname ] ","; *rest is moved behind it. */
static bool read_gs2_header(struct text *rest, struct text *header, struct text *authzid) {
  struct text flag, whole = *rest;
  if (!text_cut(rest, ',', &flag) || !rest->s || !text_cut(rest, ',', authzid) || !rest->s) return false;
  *header = (struct text){whole.s, whole.len - rest->len};
  if (header->len > SASL_BINDING_MAX || !text_is_clean(*header)) return false;
  if (authzid->len && !starts_with(*authzid, "a=")) return false;
  return text_equals(flag, "n") || text_equals(flag, "y") || (flag.len > 2 && starts_with(flag, "p="));
}

/* "r=" and printable octets: RFC 5802 7.  The first attribute may be followed by others. */
static bool are_attributes(struct text t) {
  struct text nonce = t;
  if (!starts_with(t, "r=") || t.len > SASL_ATTRIBUTES_MAX || !text_is_clean(t)) return false;
  text_cut(&nonce, ',', &t);
  for (size_t i = 0; i < t.len; i++)
    if (t.s[i] <= ' ' || t.s[i] > '~') return false;
  return t.len > 2;
}

static enum sasl_next check_authzid(struct sasl *s, struct text authzid) {
  stralloc name = {0};
  if (authzid.len <= 2) return SASL_ASK; /* gsasl writes "a=" for nobody */
  enum sasl_next next = read_name(&name, behind(authzid, 2));
  if (next == SASL_ASK && !text_equal(text_of_stralloc(&name), text_of_stralloc(&s->user))) next = SASL_FOREIGN;
  stralloc_free(&name);
  return next;
}

static enum sasl_next scram_first(struct sasl *s, struct text message) {
  struct text header, authzid, name;
  if (!read_gs2_header(&message, &header, &authzid)) return SASL_MALFORMED;
  if (!starts_with(message, "n=") || !text_cut(&message, ',', &name) || !message.s) return SASL_MALFORMED;
  if (!are_attributes(message)) return SASL_MALFORMED;
  enum sasl_next next = read_name(&s->user, behind(name, 2));
  if (next == SASL_ASK) next = check_authzid(s, authzid);
  if (next != SASL_ASK) return next;
  if (text_copy(&s->binding, header) == -1 || text_copy(&s->attributes, message) == -1) return SASL_NO_MEMORY;
  s->question = (struct sasl_question){.mechanism = text_of(names[s->mechanism]), .user = text_of_stralloc(&s->user),
                                       .attributes = text_of_stralloc(&s->attributes), .binding = text_of_stralloc(&s->binding)};
  return SASL_ASK;
}

/* channel-binding "," nonce ["," extensions] "," proof.  Whether the binding is
 * the right one shows in the proof, which the guard has checked against its own. */
static enum sasl_next scram_final(struct sasl *s, struct text message) {
  const char *proof = NULL;
  struct text binding;
  for (size_t i = 0; i + 3 <= message.len; i++)
    if (memcmp(message.s + i, ",p=", 3) == 0) proof = message.s + i;
  if (!proof || !starts_with(message, "c=")) return SASL_MALFORMED;
  struct text digits = behind(message, (size_t)(proof - message.s) + 3);
  message.len = (size_t)(proof - message.s);
  if (!text_cut(&message, ',', &binding) || !message.s || !are_attributes(message)) return SASL_MALFORMED;
  stralloc_zero(&s->secret);
  if (base64_decode(&s->secret, digits) == -1 || s->secret.len != PROOF_OCTETS) return SASL_MALFORMED;
  if (text_copy(&s->attributes, message) == -1) return SASL_NO_MEMORY;
  s->question = (struct sasl_question){.mechanism = text_of(names[s->mechanism]), .secret = text_of_stralloc(&s->secret),
                                       .attributes = text_of_stralloc(&s->attributes)};
  return SASL_ASK;
}

/* Once the server's signature is out the client has nothing more to say. */
static enum sasl_next scram(struct sasl *s, struct text message) {
  if (!message.s) return send_challenge(s, text_of(""));
  switch (s->step++) {
    case 0: return scram_first(s, message);
    case 1: return scram_final(s, message);
    default: return message.len == 0 ? SASL_OVER : SASL_MALFORMED;
  }
}

/* ---- the exchange */

typedef enum sasl_next take_fn(struct sasl *s, struct text message);

static take_fn *const takers[SASL_MECHANISM_COUNT] = {
  [SASL_EXTERNAL] = external, [SASL_SCRAM_SHA_256_PLUS] = scram, [SASL_SCRAM_SHA_256] = scram,
  [SASL_CRAM_MD5] = cram_md5, [SASL_PLAIN] = plain,              [SASL_LOGIN] = login};

static enum sasl_next take(struct sasl *s, struct text message) {
  return message.len > SASL_MESSAGE_MAX ? SASL_MALFORMED : takers[s->mechanism](s, message);
}

enum sasl_next sasl_begin(struct sasl *s, enum sasl_mechanism m, struct text initial) {
  s->mechanism = m;
  s->step = 0;
  return take(s, initial);
}

enum sasl_next sasl_take(struct sasl *s, struct text message) {
  return message.s ? take(s, message) : SASL_MALFORMED;
}

enum sasl_next sasl_answered(struct sasl *s, bool granted, struct text challenge) {
  if (!granted) return SASL_REFUSED;
  return challenge.s ? send_challenge(s, challenge) : SASL_OVER;
}

void sasl_free(struct sasl *s) {
  text_wipe(&s->user);
  text_wipe(&s->secret);
  text_wipe(&s->attributes);
  text_wipe(&s->binding);
  *s = (struct sasl){.step = 0};
}
