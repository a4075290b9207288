#include "config.h"
#include "queue/bounce.h"
#include <errno.h>
#include <nettle/sha2.h>
#include <string.h>
#include "lib/address.h"
#include "lib/bigendian.h"
#include "lib/clock.h"

enum { WORDS_MAX = 800, HEADER_MAX = 65536 };

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

bool bounce_wanted(const struct message *m, size_t recipient) {
  const struct recipient_state *s = &m->states[recipient];
  uint64_t notify = m->file.envelope.recipients[recipient].notify;
  return s->progress == RECIPIENT_FAILED && !s->told && (!notify || notify & NOTIFY_FAILURE);
}

/* Appending that remembers its first failure, so that a whole page of text
 * needs one test at its end. */
struct page {
  stralloc *out;
  bool failed;
};

static void add(struct page *p, const char *s) {
  if (!stralloc_cats(p->out, s)) p->failed = true;
}

/* So that with what stands beside it no line is longer than RFC 5322 2.1.1
 * allows, 998 octets; a character of UTF-8 is left whole. */
static struct text bounded(struct text t) {
  if (t.len <= WORDS_MAX) return t;
  t.len = WORDS_MAX;
  while (t.len && ((unsigned char)t.s[t.len] & 0xC0) == 0x80) t.len--;
  return t;
}

static void add_clean(struct page *p, struct text t) {
  if (text_cat_cleaned(p->out, bounded(t)) == -1) p->failed = true;
}

/* The fields of a delivery status are ASCII (RFC 3464 2.1.2). */
static void make_ascii(struct page *p, size_t start) {
  for (size_t i = start; i < p->out->len; i++)
    if ((unsigned char)p->out->s[i] > 127) p->out->s[i] = '?';
}

static void add_date(struct page *p, uint64_t us) {
  if (clock_cat_date(p->out, us) == -1) p->failed = true;
}

static void add_number(struct page *p, uint64_t n) {
  if (text_cat_uint(p->out, n) == -1) p->failed = true;
}

/* address_cat() quotes the local-part; no domain holds these, and in a header
 * field they would begin another address. */
static void clean_domain(stralloc *quoted) {
  struct text local, domain;
  if (!address_split(text_of_stralloc(quoted), &local, &domain)) return;
  for (size_t i = quoted->len - domain.len; i < quoted->len; i++)
    if (strchr(" <>(),;\"\\", quoted->s[i])) quoted->s[i] = '?';
}

static void add_address(struct page *p, struct text address) {
  stralloc quoted = {0};
  if (address_cat(&quoted, address) == -1) p->failed = true;
  clean_domain(&quoted);
  add_clean(p, text_of_stralloc(&quoted));
  stralloc_free(&quoted);
}

static void add_field(struct page *p, const char *name, struct text value) {
  if (!value.len) return;
  add(p, name);
  add_clean(p, value);
  add(p, "\n");
}

static void add_host(struct page *p, const stralloc *host) { add_clean(p, text_of_stralloc(host)); }

static const char encoding_8bit[] = "Content-Transfer-Encoding: 8bit\n";

static void add_header(struct page *p, const struct queueid *id, const struct settings *s,
                       struct text to, uint64_t now_us, bool eightbit) {
  add(p, "Date: ");
  add_date(p, now_us);
  add(p, "\nFrom: ");
  add_clean(p, text_of_stralloc(&s->bouncefrom));
  add(p, "@");
  add_host(p, &s->bouncehost);
  add(p, "\nTo: ");
  add_address(p, to);
  add(p, "\nSubject: failure notice\nMessage-ID: <");
  add(p, id->s);
  add(p, "@");
  add_host(p, &s->me);
  add(p, ">\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
         "Content-Type: multipart/report; report-type=delivery-status;\n boundary=\"");
  add(p, id->s);
  add(p, "\"\n");
  if (eightbit) add(p, encoding_8bit);
  add(p, "\nThis is a MIME-encapsulated message.\n");
}

static void begin_part(struct page *p, const struct queueid *id, const char *type, bool eightbit) {
  add(p, "\n--");
  add(p, id->s);
  add(p, "\nContent-Type: ");
  add(p, type);
  add(p, "\n");
  if (eightbit) add(p, encoding_8bit);
  add(p, "\n");
}

/* "host [address] said:", and "550 5.1.1 words", or the words alone when they are ours */
static void add_words(struct page *p, const struct result *r) {
  if (r->reply_code) {
    add_clean(p, r->host);
    if (r->address.len) {
      add(p, " [");
      add_clean(p, r->address);
      add(p, "]");
    }
    add(p, " said:\n");
    add_number(p, r->reply_code);
    add(p, " ");
  }
  add_clean(p, r->text);
  if (r->status.len) {
    add(p, " (#");
    add_clean(p, r->status);
    add(p, ")");
  }
}

static void add_people_part(struct page *p, const struct message *m, const struct settings *s) {
  add(p, "Hi. This is the owlpost program at ");
  add_host(p, &s->bouncehost);
  add(p, ".\nYour message could not be delivered to the addresses below.\n"
         "The failure is permanent: no further attempt will be made.\n");
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++) {
    if (!bounce_wanted(m, i)) continue;
    add(p, "\n<");
    add_address(p, m->file.envelope.recipients[i].address);
    add(p, ">:\n");
    add_words(p, &m->states[i].last.result);
    add(p, "\n");
  }
}

static void add_recipient_status(struct page *p, const struct message *m, size_t i) {
  const struct logrecord *last = &m->states[i].last;
  const struct result *r = &last->result;
  const struct envelope_recipient *recipient = &m->file.envelope.recipients[i];
  add(p, "\n");
  add_field(p, "Original-Recipient: ", recipient->orcpt);
  add(p, "Final-Recipient: rfc822; ");
  add_address(p, recipient->address);
  add(p, "\nAction: failed\n");
  add_field(p, "Status: ", r->status.len ? r->status : text_of("5.0.0"));
  add_field(p, "Remote-MTA: dns; ", r->host);
  add(p, r->reply_code ? "Diagnostic-Code: smtp; " : "Diagnostic-Code: x-owlpost; ");
  if (r->reply_code) {
    add_number(p, r->reply_code);
    add(p, " ");
  }
  add_clean(p, r->text);
  add(p, "\nLast-Attempt-Date: ");
  add_date(p, last->time_us);
  add(p, "\n");
}

static void add_status_part(struct page *p, const struct message *m, const struct settings *s) {
  size_t start = p->out->len;
  add_field(p, "Original-Envelope-Id: ", m->file.envelope.envid);
  add(p, "Reporting-MTA: dns; ");
  add_host(p, &s->me);
  add(p, "\nArrival-Date: ");
  add_date(p, m->file.envelope.arrival_us);
  add(p, "\n");
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++)
    if (bounce_wanted(m, i)) add_recipient_status(p, m, i);
  make_ascii(p, start);
}

static bool returns_whole(const struct message *m, const struct settings *s) {
  if (m->file.envelope.ret == RET_HEADERS) return false;
  return m->file.body_octets <= s->bouncemaxbytes;
}

static size_t header_octets(struct text body) {
  for (size_t i = 0; i + 1 < body.len; i++)
    if (body.s[i] == '\n' && body.s[i + 1] == '\n') return i + 1;
  return body.len;
}

static int add_message(stralloc *out, const struct message *m, bool whole) {
  size_t start = out->len;
  if (message_read_body(m, out, whole ? UINT64_MAX : HEADER_MAX) == -1) return -1;
  if (!whole) out->len = start + header_octets((struct text){out->s + start, out->len - start});
  return 0;
}

static int write_all(stralloc *out, const struct message *m, const struct queueid *id,
                     const struct settings *s, struct text to, uint64_t now_us, bool eightbit) {
  struct page p = {out, false};
  bool whole = returns_whole(m, s);
  add_header(&p, id, s, to, now_us, eightbit);
  begin_part(&p, id, "text/plain; charset=utf-8", eightbit);
  add_people_part(&p, m, s);
  if (whole) add(&p, "\n--- Below this line is a copy of the message.\n");
  else add(&p, "\n--- Below this line is a copy of the message's header.\n");
  begin_part(&p, id, "message/delivery-status", false);
  add_status_part(&p, m, s);
  begin_part(&p, id, whole ? "message/rfc822" : "text/rfc822-headers", eightbit);
  add(&p, "Return-Path: <");
  add_address(&p, m->file.envelope.sender);
  add(&p, ">\n");
  if (p.failed) return errno = ENOMEM, -1;
  if (add_message(out, m, whole) == -1) return -1;
  add(&p, "\n--");
  add(&p, id->s);
  add(&p, "--\n");
  return p.failed ? (errno = ENOMEM, -1) : 0;
}

static bool is_8bit(const stralloc *octets, size_t start) {
  for (size_t i = start; i < octets->len; i++)
    if ((unsigned char)octets->s[i] > 127) return true;
  return false;
}

int bounce_write(stralloc *out, const struct message *m, const struct queueid *id,
                 const struct settings *s, struct text to, uint64_t now_us, bool *eightbit) {
  size_t start = out->len;
  if (write_all(out, m, id, s, to, now_us, false) == -1) return -1;
  *eightbit = is_8bit(out, start);
  if (!*eightbit) return 0;
  out->len = start;
  return write_all(out, m, id, s, to, now_us, true);
}
