#include "config.h"
#include "lib/credential.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unixsock.h"

enum { STEP_OCTETS = 2048 }; /* callers are many, and wait for long */

const struct frame_protocol credential_protocol = {'C', 1, CREDENTIAL_FRAME_MAX};

#define AT(MEMBER) offsetof(struct credential_request, MEMBER)

static const struct field request_fields[] = {
  {TAG_SERVICE, FIELD_TEXT, AT(service), 16, false},
  {TAG_CLIENT_ADDRESS, FIELD_TEXT, AT(client_address), 64, false},
  {TAG_CLIENT_PORT, FIELD_UINT, AT(client_port), 65535, false},
  {TAG_LOCAL_ADDRESS, FIELD_TEXT, AT(local_address), 64, false},
  {TAG_LOCAL_PORT, FIELD_UINT, AT(local_port), 65535, false},
  {TAG_TLS, FIELD_TEXT, AT(tls), RESULT_TLS_MAX, false},
  {TAG_MECHANISM, FIELD_TEXT, AT(mechanism), 20, false},
  {TAG_AUTH_USER, FIELD_TEXT, AT(user), CREDENTIAL_USER_MAX, false},
  {TAG_SECRET, FIELD_OCTETS, AT(secret), CREDENTIAL_SECRET_MAX, false},
  {TAG_CHALLENGE, FIELD_TEXT, AT(challenge), CREDENTIAL_CHALLENGE_MAX, false},
  {TAG_RESPONSE, FIELD_TEXT, AT(response), CREDENTIAL_RESPONSE_MAX, false},
  {TAG_AUTH_MESSAGE, FIELD_OCTETS, AT(auth_message), CREDENTIAL_AUTH_MESSAGE_MAX, false},
  {TAG_PROOF, FIELD_OCTETS, AT(proof), CREDENTIAL_SCRAM_OCTETS, false},
  {TAG_CERTIFICATE, FIELD_TEXT, AT(certificate), 64, false},
  {TAG_CERTIFICATE_NAME, FIELD_TEXT, AT(certificate_name), 255, false},
  FIELD_END
};

static const struct field answer_fields[] = {
  RESULT_FIELDS(struct credential_answer, result),
  {TAG_AUTH_USER, FIELD_TEXT, offsetof(struct credential_answer, user), CREDENTIAL_USER_MAX, false},
  {TAG_SALT, FIELD_OCTETS, offsetof(struct credential_answer, salt), CREDENTIAL_SALT_MAX, false},
  {TAG_ITERATIONS, FIELD_UINT, offsetof(struct credential_answer, iterations), UINT32_MAX, false},
  {TAG_SIGNATURE, FIELD_OCTETS, offsetof(struct credential_answer, signature), CREDENTIAL_SCRAM_OCTETS, false},
  {TAG_MECHANISMS, FIELD_TEXT, offsetof(struct credential_answer, mechanisms), CREDENTIAL_MECHANISMS_MAX, false},
  {TAG_PASS, FIELD_OCTETS, offsetof(struct credential_answer, pass), PASS_OCTETS_MAX, false},
  FIELD_END
};

static bool is_hexadecimal(struct text t) {
  for (size_t i = 0; i < t.len; i++)
    if (!strchr("0123456789abcdef", t.s[i]) || !t.s[i]) return false;
  return t.len > 0;
}

static bool is_secret(struct text t) { return t.len > 0 && !memchr(t.s, 0, t.len); }

static bool is_certificate(struct text t) { return t.len == CREDENTIAL_FINGERPRINT_DIGITS && is_hexadecimal(t); }

bool credential_is_like_fingerprint(struct text name) {
  size_t digits = 0;
  for (size_t i = 0; i < name.len; i++) {
    if (isxdigit((unsigned char)name.s[i])) digits++;
    else if (name.s[i] != ':') return false;
  }
  return digits == CREDENTIAL_FINGERPRINT_DIGITS;
}

/* A user that is given is never empty. */
static bool fits_kind(const struct credential_request *r, unsigned kind) {
  if (r->user.s && r->user.len == 0) return false;
  switch (kind) {
    case CREDENTIAL_PASSWORD: return r->user.s && is_secret(r->secret);
    case CREDENTIAL_RESPONSE: return r->user.s && r->challenge.len && is_hexadecimal(r->response);
    case CREDENTIAL_SCRAM: return r->user.s;
    case CREDENTIAL_PROOF: return r->auth_message.len && r->proof.len == CREDENTIAL_SCRAM_OCTETS;
    case CREDENTIAL_EXTERNAL: return is_certificate(r->certificate);
    case CREDENTIAL_MECHANISMS: return true;
  }
  return false;
}

int credential_put_request(stralloc *out, unsigned kind, const struct credential_request *r) {
  return fits_kind(r, kind) ? record_put(out, request_fields, r) : (errno = EINVAL, -1);
}

int credential_put_answer(stralloc *out, const struct credential_answer *a) {
  return record_put(out, answer_fields, a);
}

/* An item that is not known may be what makes the difference. */
int credential_read_request(struct credential_request *r, unsigned kind, struct text payload) {
  struct tlv_reader reader = {payload};
  struct tlv item;
  enum tlv_status s;
  *r = (struct credential_request){0};
  while ((s = tlv_next(&reader, &item)) == TLV_ITEM)
    if (record_take(request_fields, r, &item) != RECORD_TAKEN) break;
  return s == TLV_END && fits_kind(r, kind) ? 0 : (errno = EPROTO, -1);
}

int credential_read_answer(struct credential_answer *a, struct text payload) {
  *a = (struct credential_answer){0};
  if (record_read(answer_fields, a, payload) == -1) return -1;
  bool whole = a->signature.len == 0 || a->signature.len == CREDENTIAL_SCRAM_OCTETS;
  return whole && result_is_valid(&a->result) ? 0 : (errno = EPROTO, -1);
}

/* ---- the asker's side */

int credential_connect(struct credential_link *l, const char *rundir, int limit_ms) {
  *l = (struct credential_link){
    .sock = -1, .reader = {.protocol = &credential_protocol, .no_descriptors = true, .step_octets = STEP_OCTETS}};
  l->sock = unixsock_connect_in(rundir, "auth", limit_ms);
  return l->sock == -1 ? -1 : 0;
}

int credential_send(struct credential_link *l, unsigned kind, const struct credential_request *r, int limit_ms) {
  stralloc payload = {0};
  /* all at once: a buffer that grows leaves secrets behind */
  if (!stralloc_ready(&payload, CREDENTIAL_FRAME_MAX)) return errno = ENOMEM, -1;
  int done = credential_put_request(&payload, kind, r);
  if (done == 0) done = frame_send(l->sock, &credential_protocol, kind, text_of_stralloc(&payload), -1, limit_ms);
  int saved = errno;
  text_wipe(&payload);
  errno = saved;
  return done;
}

int credential_ask(struct credential_link *l, unsigned kind, const struct credential_request *r,
                   struct credential_answer *a, int limit_ms) {
  struct frame f;
  uint64_t deadline = io_deadline(limit_ms);
  if (credential_send(l, kind, r, limit_ms) == -1) return -1;
  switch (frame_receive(&l->reader, l->sock, &f, io_remaining_ms(deadline))) {
    case FRAME_READY: break;
    case FRAME_AGAIN: return errno = ETIMEDOUT, -1;
    case FRAME_EOF:
    case FRAME_MALFORMED: return errno = EPROTO, -1;
    case FRAME_ERROR: return -1;
  }
  return f.type == CREDENTIAL_ANSWER ? credential_read_answer(a, f.payload) : (errno = EPROTO, -1);
}

void credential_close(struct credential_link *l) {
  credential_wipe(&l->reader.in);
  frame_reader_free(&l->reader);
  if (l->sock >= 0) close(l->sock);
  l->sock = -1;
}

void credential_wipe(stralloc *secret) {
  if (secret->s) explicit_bzero(secret->s, secret->a);
  stralloc_zero(secret);
}
