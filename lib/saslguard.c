#include "config.h"
#include "lib/saslguard.h"
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/hex.h"

enum { OFFER_MS = 10000, NONCE_OCTETS = 18 };
enum { STEP_NONE, STEP_CHALLENGED, STEP_SALTED };

#define SCRAM_SET (1u << SASL_SCRAM_SHA_256 | 1u << SASL_SCRAM_SHA_256_PLUS)

static bool has_binding(const struct saslguard *g) {
  return (g->exporter && *g->exporter) || (g->endpoint && *g->endpoint);
}

static int link_up(struct saslguard *g, int limit_ms) {
  if (g->is_linked) return 0;
  if (credential_connect(&g->link, g->rundir, limit_ms) == -1) return -1;
  g->is_linked = true;
  return 0;
}

void saslguard_drop(struct saslguard *g) {
  int saved = errno;
  if (g->is_linked) credential_close(&g->link);
  g->is_linked = false;
  g->step = STEP_NONE;
  errno = saved;
}

static int ask(struct saslguard *g, unsigned kind, const struct credential_request *r, struct credential_answer *a,
               int limit_ms) {
  if (link_up(g, limit_ms) == -1) return -1;
  return credential_ask(&g->link, kind, r, a, limit_ms);
}

static bool has_word(struct text words, const char *wanted) {
  struct text word;
  while (text_cut(&words, ' ', &word))
    if (text_equal_nocase(word, text_of(wanted))) return true;
  return false;
}

int saslguard_offer(struct saslguard *g) {
  struct credential_answer a;
  struct credential_request r = g->about;
  unsigned possible = 0;
  saslguard_drop(g); /* an answer that was given up may still be on its way */
  g->offered = 0;
  int asked = ask(g, CREDENTIAL_MECHANISMS, &r, &a, OFFER_MS);
  if (asked == 0) possible = sasl_set(a.mechanisms);
  g->offers_apop = asked == 0 && has_word(a.mechanisms, "APOP");
  saslguard_drop(g);
  if (asked == -1) return -1;
  if (possible & 1u << SASL_SCRAM_SHA_256) possible |= SCRAM_SET;
  if (!has_binding(g)) possible &= ~(1u << SASL_SCRAM_SHA_256_PLUS);
  if (g->certificate.len == 0) possible &= ~(1u << SASL_EXTERNAL);
  g->offered = possible & g->allowed;
  return 0;
}

/* ---- answers */

static void refuse(struct saslguard_answer *a) {
  a->result = (struct result){.class = RESULT_FAILURE, .status = text_of("5.7.8"),
                              .text = text_of("user or password is wrong")};
}

static void defer(struct saslguard_answer *a) {
  a->result = (struct result){.class = RESULT_DEFERRAL, .status = text_of("4.7.0"),
                              .text = text_of("passwords cannot be checked now, please try later")};
}

static void go_on(struct saslguard_answer *a, const stralloc *challenge) {
  a->result = (struct result){.class = RESULT_SUCCESS};
  a->challenge = text_of_stralloc(challenge);
}

/* What cannot even be asked is nobody's. */
static bool is_nobody(int error) { return error == EILSEQ || error == EMSGSIZE || error == EINVAL; }

static bool put_question(struct saslguard *g, unsigned kind, const struct credential_request *r,
                         struct credential_answer *c, struct saslguard_answer *a) {
  if (ask(g, kind, r, c, CREDENTIAL_ANSWER_MS) == 0) {
    a->result = c->result;
    if (c->result.class == RESULT_SUCCESS) return true;
  } else if (is_nobody(errno))
    refuse(a);
  else
    defer(a);
  return false;
}

/* A success has to name somebody. */
static void accept(struct credential_answer *c, struct saslguard_answer *a) {
  if (c->user.len) a->user = c->user, a->pass = c->pass;
  else defer(a);
}

/* The link stays until the answer's texts have been used. */
static void conclude(struct saslguard *g, unsigned kind, const struct credential_request *r, struct saslguard_answer *a) {
  struct credential_answer c;
  g->step = STEP_NONE;
  if (put_question(g, kind, r, &c, a)) accept(&c, a);
}

/* ---- the mechanisms */

static int cat_random(stralloc *out) {
  char octets[NONCE_OCTETS];
  if (getrandom(octets, sizeof octets, 0) != sizeof octets) return -1;
  return base64_cat(out, (struct text){octets, sizeof octets});
}

int saslguard_stamp(stralloc *out, const char *host, uint64_t wall_us) {
  bool ok = stralloc_copys(out, "<") && cat_random(out) == 0 && stralloc_cats(out, ".") && text_cat_uint(out, wall_us / 1000000) == 0 &&
            stralloc_cats(out, "@") && stralloc_cats(out, host) && stralloc_cats(out, ">");
  if (!ok) stralloc_zero(out);
  return ok ? 0 : -1;
}

static void challenge(struct saslguard *g, struct saslguard_answer *a) {
  if (saslguard_stamp(&g->challenge, g->host, clock_wall_us(&clock_system)) == -1) {
    defer(a);
    return;
  }
  g->step = STEP_CHALLENGED;
  go_on(a, &g->challenge);
}

static int cram_md5(struct saslguard *g, const struct sasl_question *q, struct credential_request *r,
                    struct saslguard_answer *a) {
  if (!q->user.s) return g->step == STEP_NONE && !q->secret.s ? challenge(g, a), 0 : -1;
  if (g->step != STEP_CHALLENGED || !q->secret.s) return -1;
  r->response = q->secret;
  r->challenge = text_of_stralloc(&g->challenge);
  conclude(g, CREDENTIAL_RESPONSE, r, a);
  return 0;
}

static int password(struct saslguard *g, const struct sasl_question *q, struct credential_request *r,
                    struct saslguard_answer *a) {
  if (!q->user.s || !q->secret.s) return -1;
  r->secret = q->secret;
  conclude(g, CREDENTIAL_PASSWORD, r, a);
  return 0;
}

static int external(struct saslguard *g, const struct sasl_question *q, struct credential_request *r,
                    struct saslguard_answer *a) {
  if (q->secret.s || g->certificate.len == 0) return -1;
  r->certificate = g->certificate;
  r->certificate_name = g->certificate_name;
  conclude(g, CREDENTIAL_EXTERNAL, r, a);
  return 0;
}

/* ---- SCRAM */

/* "" for none that we have. */
static const char *find_binding(const struct saslguard *g, struct text name) {
  const char *found = NULL;
  if (text_equals(name, "tls-exporter")) found = g->exporter;
  if (text_equals(name, "tls-server-end-point")) found = g->endpoint;
  return found ? found : "";
}

/* The GS2 header with the binding behind it, which the client has to name too.
 * 1; 0: it does not fit the mechanism (RFC 5802 6: who says "y" has not been told
 * of -PLUS, which somebody between us took away); -1: no memory. */
static int bind_channel(struct saslguard *g, struct text header) {
  struct text rest = header, flag;
  bool plus = g->mechanism == SASL_SCRAM_SHA_256_PLUS;
  if (!text_cut(&rest, ',', &flag) || flag.len == 0 || plus != (flag.s[0] == 'p')) return 0;
  if (flag.s[0] == 'y' && g->offered & 1u << SASL_SCRAM_SHA_256_PLUS) return 0;
  const char *octets = "";
  if (plus && flag.len > 2) octets = find_binding(g, (struct text){flag.s + 2, flag.len - 2});
  if (plus && !*octets) return 0;
  stralloc_zero(&g->binding);
  return text_cat(&g->binding, header) == 0 && hex_decode(&g->binding, text_of(octets)) == 0 ? 1 : -1;
}

/* nonce becomes the client's and ours behind it. */
static int make_nonce(struct saslguard *g, struct text attributes) {
  struct text first;
  text_cut(&attributes, ',', &first);
  stralloc_zero(&g->nonce);
  return text_cat(&g->nonce, first) == 0 ? cat_random(&g->nonce) : -1;
}

/* challenge becomes server-first-message, and message client-first-message-bare "," that. */
static int write_first(struct saslguard *g, const struct sasl_question *q, const struct credential_answer *c) {
  stralloc *first = &g->challenge, *m = &g->message;
  if (make_nonce(g, q->attributes) == -1 || !stralloc_copy(first, &g->nonce) || !stralloc_cats(first, ",s=")) return -1;
  if (base64_cat(first, c->salt) == -1 || !stralloc_cats(first, ",i=") || text_cat_uint(first, c->iterations) == -1) return -1;
  if (!stralloc_copys(m, "n=") || sasl_cat_name(m, q->user) == -1 || !stralloc_cats(m, ",")) return -1;
  return text_cat(m, q->attributes) == 0 && stralloc_cats(m, ",") && stralloc_cat(m, first) ? 0 : -1;
}

static bool has_salt(const struct credential_answer *c) { return c->salt.len && c->iterations; }

static int scram_first(struct saslguard *g, const struct sasl_question *q, struct credential_request *r,
                       struct saslguard_answer *a) {
  struct credential_answer c;
  if (q->secret.s || !q->binding.s || q->attributes.len < 3 || q->attributes.len > SASL_ATTRIBUTES_MAX) return -1;
  int bound = bind_channel(g, q->binding);
  if (bound != 1) return bound == 0 ? refuse(a) : defer(a), 0;
  if (!put_question(g, CREDENTIAL_SCRAM, r, &c, a)) return 0;
  if (!has_salt(&c) || write_first(g, q, &c) == -1) return defer(a), 0;
  g->step = STEP_SALTED;
  go_on(a, &g->challenge);
  return 0;
}

static bool has_nonce(const struct saslguard *g, struct text attributes) {
  struct text first;
  text_cut(&attributes, ',', &first);
  return text_equal(first, text_of_stralloc(&g->nonce));
}

/* ... "," client-final-message-without-proof */
static int write_final(struct saslguard *g, struct text attributes) {
  stralloc *m = &g->message;
  if (!stralloc_cats(m, ",c=") || base64_cat(m, text_of_stralloc(&g->binding)) == -1) return -1;
  return stralloc_cats(m, ",") ? text_cat(m, attributes) : -1;
}

static int write_signature(struct saslguard *g, struct text signature) {
  return stralloc_copys(&g->challenge, "v=") ? base64_cat(&g->challenge, signature) : -1;
}

static int scram_final(struct saslguard *g, const struct sasl_question *q, struct credential_request *r,
                       struct saslguard_answer *a) {
  struct credential_answer c;
  if (g->step != STEP_SALTED || !q->secret.s || q->attributes.len > SASL_ATTRIBUTES_MAX) return -1;
  g->step = STEP_NONE;
  if (!has_nonce(g, q->attributes)) return refuse(a), 0;
  if (write_final(g, q->attributes) == -1) return defer(a), 0;
  r->proof = q->secret;
  r->auth_message = text_of_stralloc(&g->message);
  if (!put_question(g, CREDENTIAL_PROOF, r, &c, a)) return 0;
  if (c.signature.len == 0 || write_signature(g, c.signature) == -1) return defer(a), 0;
  a->challenge = text_of_stralloc(&g->challenge);
  accept(&c, a);
  return 0;
}

static int scram(struct saslguard *g, const struct sasl_question *q, struct credential_request *r,
                 struct saslguard_answer *a) {
  return q->user.s ? scram_first(g, q, r, a) : scram_final(g, q, r, a);
}

/* ---- */

typedef int ask_fn(struct saslguard *g, const struct sasl_question *q, struct credential_request *r,
                   struct saslguard_answer *a);

static ask_fn *const askers[SASL_MECHANISM_COUNT] = {
  [SASL_EXTERNAL] = external,     [SASL_SCRAM_SHA_256_PLUS] = scram, [SASL_SCRAM_SHA_256] = scram,
  [SASL_CRAM_MD5] = cram_md5,     [SASL_PLAIN] = password,           [SASL_LOGIN] = password};

/* A proof, or a response, goes with the mechanism that was begun: others begin anew. */
static void turn_to(struct saslguard *g, enum sasl_mechanism m, const struct sasl_question *q) {
  bool goes_on = q->secret.s && g->step != STEP_NONE && m == g->mechanism;
  if (!goes_on) saslguard_drop(g);
  g->mechanism = m;
}

int saslguard_ask(struct saslguard *g, const struct sasl_question *q, struct saslguard_answer *a) {
  enum sasl_mechanism m;
  struct credential_request r = g->about;
  *a = (struct saslguard_answer){.result = {.class = RESULT_NONE}};
  if (!sasl_find(q->mechanism, &m) || !(g->offered & 1u << m)) return -1;
  turn_to(g, m, q);
  r.mechanism = text_of(sasl_name(m));
  r.user = q->user;
  int asked = askers[m](g, q, &r, a);
  if (asked == -1) saslguard_drop(g);
  return asked;
}

void saslguard_apop(struct saslguard *g, struct text user, struct text stamp, struct text digest,
                    struct saslguard_answer *a) {
  struct credential_request r = g->about;
  *a = (struct saslguard_answer){.result = {.class = RESULT_NONE}};
  saslguard_drop(g);
  r.mechanism = text_of("APOP");
  r.user = user;
  r.challenge = stamp;
  r.response = digest;
  conclude(g, CREDENTIAL_RESPONSE, &r, a);
}

void saslguard_free(struct saslguard *g) {
  saslguard_drop(g);
  stralloc_free(&g->challenge);
  stralloc_free(&g->nonce);
  text_wipe(&g->message);
  stralloc_free(&g->binding);
}
