#include "config.h"
#include "queue/callerenvelope.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/iofd.h"

#define ARRIVAL_AGE_MAX_US (UINT64_C(86400) * 1000000)

enum { CHUNK_OCTETS = 4096, EXTRA_MAX = 1 << 28, UNKNOWN_MAX = 65536, LETTER_AND_NUL = 2 };

/* The next NUL-terminated string that starts with letter; 1, 0: it does not,
 * -1: no NUL. */
static int next_string(struct text *rest, char letter, struct text *value) {
  if (rest->len == 0 || rest->s[0] != letter) return 0;
  const char *end = memchr(rest->s, 0, rest->len);
  if (!end) return -1;
  *value = (struct text){rest->s + 1, (size_t)(end - rest->s) - 1};
  rest->len -= value->len + LETTER_AND_NUL;
  rest->s = end + 1;
  return 1;
}

static enum callerenvelope_status check_address(struct text address) {
  if (address.len > ENVELOPE_ADDRESS_MAX) return CALLERENVELOPE_TOO_LONG;
  return address_is_clean(address) ? CALLERENVELOPE_OK : CALLERENVELOPE_CONTROL;
}

static enum callerenvelope_status take_recipients(struct envelope *e, struct text *rest,
                                                  uint64_t recipients_max) {
  struct text address;
  while (next_string(rest, 'T', &address) == 1) {
    enum callerenvelope_status s = check_address(address);
    if (s != CALLERENVELOPE_OK) return s;
    if (address.len == 0) return CALLERENVELOPE_MALFORMED;
    if (e->recipient_count == recipients_max || e->recipient_count == ENVELOPE_RECIPIENTS_MAX)
      return CALLERENVELOPE_TOO_MANY;
    struct envelope_recipient *r = envelope_add(e);
    if (!r) return CALLERENVELOPE_NO_MEMORY;
    r->address = address;
  }
  return CALLERENVELOPE_OK;
}

enum callerenvelope_status callerenvelope_parse(struct callerenvelope *ce, uint64_t recipients_max) {
  struct text rest = text_of_stralloc(&ce->classic);
  struct envelope *e = &ce->envelope;
  if (rest.len == 0) return CALLERENVELOPE_TRUNCATED;
  int found = next_string(&rest, 'F', &e->sender);
  if (found != 1) return found ? CALLERENVELOPE_TRUNCATED : CALLERENVELOPE_MALFORMED;
  enum callerenvelope_status s = check_address(e->sender);
  if (s == CALLERENVELOPE_OK) s = take_recipients(e, &rest, recipients_max);
  if (s != CALLERENVELOPE_OK) return s;
  if (rest.len == 0 || rest.s[0] == 'T') return CALLERENVELOPE_TRUNCATED;
  return rest.len == 1 && rest.s[0] == 0 && e->recipient_count ? CALLERENVELOPE_OK
                                                                : CALLERENVELOPE_MALFORMED;
}

/* How much can make sense: so that a caller cannot fill the memory. */
static uint64_t octets_max(uint64_t recipients_max) {
  if (recipients_max > ENVELOPE_RECIPIENTS_MAX) recipients_max = ENVELOPE_RECIPIENTS_MAX;
  return (recipients_max + 2) * (ENVELOPE_ADDRESS_MAX + LETTER_AND_NUL) + 1;
}

enum callerenvelope_status callerenvelope_read(struct callerenvelope *ce, int fd,
                                               uint64_t recipients_max) {
  if (io_slurp(fd, &ce->classic, octets_max(recipients_max), IO_FOREVER) == 0)
    return callerenvelope_parse(ce, recipients_max);
  switch (errno) {
    case ENOMEM: return CALLERENVELOPE_NO_MEMORY;
    case EFBIG: return CALLERENVELOPE_TOO_LONG;
  }
  return CALLERENVELOPE_READ_ERROR;
}

static void merge_facts(struct envelope *to, const struct envelope *from) {
  to->auth_user = from->auth_user;
  to->client_address = from->client_address;
  to->client_port = from->client_port;
  to->client_name = from->client_name;
  to->helo = from->helo;
  to->tls = from->tls;
  to->protocol = from->protocol;
}

/* Filters keep the order, as a rule: the search starts behind the last hit. */
static const struct envelope_recipient *find(const struct envelope *in, struct text address,
                                             size_t *from) {
  for (size_t n = 0; n < in->recipient_count; n++) {
    size_t at = (*from + n) % in->recipient_count;
    if (text_equal(in->recipients[at].address, address)) {
      *from = at + 1;
      return &in->recipients[at];
    }
  }
  return NULL;
}

static void merge_recipients(struct envelope *to, const struct envelope *from) {
  size_t next = 0;
  for (size_t i = 0; i < to->recipient_count; i++) {
    struct envelope_recipient *r = &to->recipients[i];
    const struct envelope_recipient *extra = find(from, r->address, &next);
    if (!extra) continue;
    r->orcpt = extra->orcpt;
    r->notify = extra->notify;
    r->unknown = extra->unknown;
  }
}

static bool is_acceptable(const struct envelope *extra) {
  size_t octets = extra->unknown.len;
  if (extra->unknown_critical) return false;
  for (size_t i = 0; i < extra->recipient_count; i++) octets += extra->recipients[i].unknown.len;
  return octets <= UNKNOWN_MAX;
}

enum callerenvelope_status callerenvelope_merge(struct callerenvelope *ce, bool facts) {
  struct envelope extra = {0};
  if (envelope_decode(&extra, text_of_stralloc(&ce->extra)) != ENVELOPE_OK) return CALLERENVELOPE_OK;
  if (!is_acceptable(&extra)) return envelope_free(&extra), CALLERENVELOPE_UNKNOWN;
  envelope_copy_terms(&ce->envelope, &extra);
  ce->envelope.unknown = extra.unknown;
  ce->envelope.forwarder = extra.forwarder;
  if (facts) merge_facts(&ce->envelope, &extra);
  merge_recipients(&ce->envelope, &extra);
  envelope_free(&extra); /* its texts point into ce->extra, which stays */
  return CALLERENVELOPE_OK;
}

struct callerenvelope_facts callerenvelope_facts(const struct callerenvelope *ce) {
  struct callerenvelope_facts facts = {0};
  struct envelope extra = {0};
  if (envelope_decode(&extra, text_of_stralloc(&ce->extra)) != ENVELOPE_OK) return facts;
  facts.names_client = extra.client_address.len > 0;
  facts.arrival_us = extra.arrival_us;
  envelope_free(&extra);
  return facts;
}

bool callerenvelope_is_recent(uint64_t arrival_us, uint64_t now_us) {
  return arrival_us && arrival_us <= now_us && now_us - arrival_us <= ARRIVAL_AGE_MAX_US;
}

int callerenvelope_load_extra(struct callerenvelope *ce, const char *descriptor) {
  uint64_t fd;
  struct stat st;
  if (!descriptor || text_uint(text_of(descriptor), &fd) == -1 || fd < 3 || fd > INT32_MAX) return -1;
  if (fstat((int)fd, &st) == -1 || !S_ISREG(st.st_mode)) return -1;
  if (st.st_size <= 0 || st.st_size > EXTRA_MAX) return -1;
  if (!stralloc_ready(&ce->extra, (size_t)st.st_size)) return -1;
  if (io_pread_all((int)fd, ce->extra.s, (size_t)st.st_size, 0) == -1) return -1;
  ce->extra.len = (size_t)st.st_size;
  return (int)fd;
}

void callerenvelope_free(struct callerenvelope *ce) {
  envelope_free(&ce->envelope);
  stralloc_free(&ce->classic);
  stralloc_free(&ce->extra);
}
