#include "config.h"
#include "queue/bounce.h"
#include <errno.h>
#include <nettle/sha2.h>
#include "lib/bigendian.h"
#include "queue/bouncepart.h"

void bounce_id(struct queueid *id, const struct queueid *parent, uint64_t number) {
  struct sha256_ctx hash;
  char octets[8];
  uint8_t digest[10];
  put_u64(octets, number);
  sha256_init(&hash);
  sha256_update(&hash, QUEUEID_LENGTH, (const uint8_t *)parent->s);
  sha256_update(&hash, sizeof octets, (const uint8_t *)octets);
  sha256_digest(&hash, sizeof digest, digest);
  queueid_from(id, queueid_arrival_us(parent) + number + 1, digest);
}

/* ---- what is to be told */

static enum bounce_action success(uint64_t action) {
  if (action == ACTION_HANDED_OVER) return BOUNCE_NOTHING;
  if (action == ACTION_RELAYED) return BOUNCE_RELAYED;
  return action == ACTION_EXPANDED ? BOUNCE_EXPANDED : BOUNCE_DELIVERED;
}

/* RFC 3461 4.1: without NOTIFY failures are told, and the site decides about
 * delays (5.2.5); NEVER goes before all else that a carrier may bring. */
static bool wants(const struct message *m, size_t recipient, uint64_t what) {
  uint64_t notify = m->file.envelope.recipients[recipient].notify;
  if (notify & NOTIFY_NEVER) return false;
  return (notify ? notify : NOTIFY_FAILURE | NOTIFY_DELAY) & what;
}

/* A DSN is never answered by less than its failure. */
bool bounce_would_warn(const struct message *m, size_t recipient, uint64_t age_s,
                       const struct settings *s) {
  if (m->states[recipient].delay_told || message_is_bounce(m) || !wants(m, recipient, NOTIFY_DELAY))
    return false;
  return s->delaywarning_s && age_s >= s->delaywarning_s;
}

enum bounce_action bounce_news(const struct message *m, size_t recipient, const struct settings *s) {
  const struct recipient_state *state = &m->states[recipient];
  switch (state->progress) {
    case RECIPIENT_WAITING:
      if (!state->attempts || !bounce_would_warn(m, recipient, m->last_age_s, s)) return BOUNCE_NOTHING;
      return BOUNCE_DELAYED;
    case RECIPIENT_DONE:
      if (state->told || message_is_bounce(m) || !wants(m, recipient, NOTIFY_SUCCESS)) return BOUNCE_NOTHING;
      return success(state->last.result.action);
    case RECIPIENT_FAILED:
      return state->told || !wants(m, recipient, NOTIFY_FAILURE) ? BOUNCE_NOTHING : BOUNCE_FAILED;
  }
  return BOUNCE_NOTHING;
}

bool bounce_is_due(const struct message *m, const struct settings *s) {
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++)
    if (bounce_news(m, i, s) != BOUNCE_NOTHING) return true;
  return false;
}

bool bounce_has(const struct bounce *b, enum bounce_action action) {
  for (size_t i = 0; i < b->m->file.envelope.recipient_count; i++)
    if (bounce_news(b->m, i, b->s) == action) return true;
  return false;
}

uint64_t bounce_lifetime_s(const struct message *m, const struct settings *s) {
  return message_is_bounce(m) ? s->bouncelifetime_s : s->queuelifetime_s;
}

uint64_t bounce_retry_until_us(const struct bounce *b) {
  uint64_t lifetime_s = bounce_lifetime_s(b->m, b->s);
  if (b->m->last_age_s >= lifetime_s) return 0;
  return b->m->last_us + (lifetime_s - b->m->last_age_s) * 1000000u;
}

/* ---- the whole of it */

static const char encoding_8bit[] = "Content-Transfer-Encoding: 8bit\n";

static const char *subject(const struct bounce *b) {
  if (bounce_has(b, BOUNCE_FAILED)) return "failure notice";
  return bounce_has(b, BOUNCE_DELAYED) ? "delay notice" : "delivery notice";
}

/* RFC 3834 5: a double bounce answers nobody, its reader did not send what it is about. */
static const char *submitted(const struct bounce *b) {
  return message_is_bounce(b->m) ? "auto-generated" : "auto-replied";
}

static void add_header(struct page *p, const struct bounce *b) {
  page_add(p, "Date: ");
  page_date(p, b->now_us);
  page_add(p, "\nFrom: ");
  page_host(p, &b->s->bouncefrom);
  page_add(p, "@");
  page_host(p, &b->s->bouncehost);
  page_add(p, "\nTo: ");
  page_address(p, b->to);
  page_add(p, "\nSubject: ");
  page_add(p, subject(b));
  page_add(p, "\nMessage-ID: <");
  page_add(p, b->id->s);
  page_add(p, "@");
  page_host(p, &b->s->me);
  page_add(p, ">\nAuto-Submitted: ");
  page_add(p, submitted(b));
  page_add(p, "\n");
}

static void add_mime_header(struct page *p, const struct bounce *b) {
  page_add(p, "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=");
  page_add(p, b->international ? "global-delivery-status" : "delivery-status");
  page_add(p, ";\n boundary=\"");
  page_add(p, b->id->s);
  page_add(p, "\"\n");
  if (b->eightbit) page_add(p, encoding_8bit);
  page_add(p, "\nThis is a MIME-encapsulated message.\n");
}

static void begin_part(struct page *p, const struct bounce *b, const char *type, bool eightbit) {
  page_add(p, "\n--");
  page_add(p, b->id->s);
  page_add(p, "\nContent-Type: ");
  page_add(p, type);
  page_add(p, "\n");
  if (eightbit) page_add(p, encoding_8bit);
  page_add(p, "\n");
}

static void add_people_part(struct page *p, const struct bounce *b) {
  bounce_add_text(p, b);
  page_add(p, bounce_returns_whole(b) ? "\n--- Below this line is a copy of the message.\n"
                                      : "\n--- Below this line is a copy of the message's header.\n");
}

static int add_report(struct page *p, const struct bounce *b) {
  add_mime_header(p, b);
  begin_part(p, b, "text/plain; charset=utf-8", b->eightbit);
  add_people_part(p, b);
  begin_part(p, b, b->international ? "message/global-delivery-status" : "message/delivery-status",
             b->international);
  bounce_add_status(p, b);
  begin_part(p, b, bounce_content_type(b), b->eightbit);
  if (bounce_add_content(p, b) == -1) return -1;
  page_add(p, "\n--");
  page_add(p, b->id->s);
  page_add(p, "--\n");
  return 0;
}

/* QSBMF is text from the first line to the last, and knows failures only. */
static int add_qsbmf(struct page *p, const struct bounce *b) {
  page_add(p, "\n");
  add_people_part(p, b);
  page_add(p, "\n");
  return bounce_add_content(p, b);
}

static int write_all(stralloc *out, const struct bounce *b) {
  struct page p = {out, false};
  bool plain = b->s->bounces_are_qsbmf && bounce_has(b, BOUNCE_FAILED);
  add_header(&p, b);
  if ((plain ? add_qsbmf : add_report)(&p, b) == -1) return -1;
  return p.failed ? (errno = ENOMEM, -1) : 0;
}

static bool is_8bit(const stralloc *octets, size_t start) {
  for (size_t i = start; i < octets->len; i++)
    if ((unsigned char)octets->s[i] > 127) return true;
  return false;
}

/* RFC 6533's form only where it is needed: few readers know it. */
int bounce_write(stralloc *out, struct bounce *b) {
  size_t start = out->len;
  b->eightbit = b->international = false;
  if (write_all(out, b) == -1) return -1;
  if (!is_8bit(out, start)) return 0;
  out->len = start;
  b->eightbit = true;
  b->international = b->m->file.envelope.smtputf8;
  return write_all(out, b);
}
