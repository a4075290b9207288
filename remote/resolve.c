#include "config.h"
#include "remote/resolve.h"
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <dns.h>
#include "lib/iofd.h"
#include "remote/alias.h"

enum {
  RCODE_NO_NAME = 3,
  HEADER_OCTETS = 12,
  ALIASES_MAX = 8, /* questions more, when servers answer with aliases alone */
  SERVERS_OCTETS = 256,
  SEED_OCTETS = 128
};

int resolve_begin(void) {
  char seed[SEED_OCTETS];
  if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed) return -1;
  dns_random_init(seed);
  return 0;
}

uint32_t resolve_random(void) {
  uint32_t r = 0;
  return getrandom(&r, sizeof r, 0) == (ssize_t)sizeof r ? r : dns_random(UINT32_MAX);
}

/* dns_resolve() with our limit in place of its own.  The limit is kept by the
 * boot clock, since the resolver's own clock may step. */
static int wait_for_answer(struct dns_transmit *tx, uint64_t deadline) {
  for (;;) {
    struct taia now, until;
    iopause_fd x[1];
    int remaining_ms = io_remaining_ms(deadline);
    if (remaining_ms == 0) return errno = ETIMEDOUT, -1;
    taia_now(&now);
    taia_uint(&until, (unsigned)remaining_ms / 1000 + 1);
    taia_add(&until, &until, &now);
    dns_transmit_io(tx, x, &until);
    iopause(x, 1, &until, &now);
    taia_now(&now);
    int r = dns_transmit_get(tx, x, &now);
    if (r != 0) return r == 1 ? 0 : -1;
  }
}

static int transmit(struct dns_transmit *tx, const char *query, const char *type,
                    uint64_t deadline) {
  static const char any_address[16];
  char servers[SERVERS_OCTETS];
  memset(servers, 0, sizeof servers);
  if (dns_resolvconfip(servers) == -1) return -1;
  if (dns_transmit_start(tx, servers, 1, query, type, any_address) == -1) return -1;
  return wait_for_answer(tx, deadline);
}

/* ---- questions */

typedef int parse_fn(stralloc *out, const char *packet, unsigned len);

static enum resolve_status read_answer(stralloc *out, const struct dns_transmit *tx,
                                       parse_fn *parse) {
  if (tx->packetlen < HEADER_OCTETS) return RESOLVE_TEMPORARY;
  if ((tx->packet[3] & 15) == RCODE_NO_NAME) return RESOLVE_NO_NAME;
  if (parse(out, tx->packet, tx->packetlen) == -1) return RESOLVE_TEMPORARY;
  return out->len ? RESOLVE_FOUND : RESOLVE_NONE;
}

static enum resolve_status ask_name(stralloc *out, char **name, const char *type, uint64_t deadline,
                                    parse_fn *parse) {
  for (int hops = 0; hops <= ALIASES_MAX; hops++) {
    struct dns_transmit tx = {0};
    int alias = 0;
    enum resolve_status r = RESOLVE_TEMPORARY;
    if (transmit(&tx, *name, type, deadline) == 0) r = read_answer(out, &tx, parse);
    if (r == RESOLVE_NONE) alias = alias_follow(tx.packet, tx.packetlen, name);
    dns_transmit_free(&tx);
    if (alias == 0) return r;
    if (alias == -1) break;
  }
  return RESOLVE_TEMPORARY;
}

static enum resolve_status ask(stralloc *out, struct text name, const char *type, unsigned limit_s,
                               parse_fn *parse) {
  enum resolve_status r = RESOLVE_TEMPORARY;
  char *query = NULL;
  stralloc_zero(out);
  if (dns_domain_fromdot(&query, name.s, name.len))
    r = ask_name(out, &query, type, io_deadline(io_limit_ms(limit_s)), parse);
  dns_domain_free(&query);
  return r;
}

/* A record is a preference of 16 bits and a name that ends with NUL. */
static void add_records(struct mx_set *set, const stralloc *records) {
  for (size_t i = 0; i + 2 < records->len;) {
    const unsigned char *preference = (const unsigned char *)records->s + i;
    const char *name = records->s + i + 2, *end = memchr(name, 0, records->len - i - 2);
    if (!end) return;
    mx_add(set, preference[0] * 256u + preference[1], (struct text){name, (size_t)(end - name)},
           resolve_random());
    i = (size_t)(end - records->s) + 1;
  }
}

enum resolve_status resolve_mx(struct mx_set *set, struct text domain, unsigned limit_s) {
  stralloc records = {0};
  *set = (struct mx_set){0};
  enum resolve_status r = ask(&records, domain, DNS_T_MX, limit_s, dns_mx_packet);
  add_records(set, &records);
  mx_sort(set);
  stralloc_free(&records);
  return r;
}

static void add_address(struct address_list *list, int family, const stralloc *octets, size_t i) {
  size_t size = family == AF_INET ? 4 : 16;
  if ((i + 1) * size > octets->len || list->count == RESOLVE_ADDRESSES_MAX) return;
  struct ip *ip = &list->ips[list->count++];
  *ip = (struct ip){.family = family};
  memcpy(ip->octets, octets->s + i * size, size);
  ip_unmap(ip);
}

/* No address although the one question had an answer and the other failed: it
 * may be there tomorrow. */
static enum resolve_status together(enum resolve_status a, enum resolve_status b, size_t count) {
  if (count) return RESOLVE_FOUND;
  if (a == RESOLVE_TEMPORARY || b == RESOLVE_TEMPORARY) return RESOLVE_TEMPORARY;
  return a == RESOLVE_NO_NAME && b == RESOLVE_NO_NAME ? RESOLVE_NO_NAME : RESOLVE_NONE;
}

enum resolve_status resolve_addresses(struct address_list *list, struct text name,
                                      unsigned limit_s) {
  stralloc four = {0}, six = {0};
  *list = (struct address_list){.count = 0};
  enum resolve_status r4 = ask(&four, name, DNS_T_A, limit_s, dns_ip4_packet);
  enum resolve_status r6 =
    r4 == RESOLVE_NO_NAME ? r4 : ask(&six, name, DNS_T_AAAA, limit_s, dns_ip6_packet);
  for (size_t i = 0; i < RESOLVE_ADDRESSES_MAX; i++) {
    add_address(list, AF_INET6, &six, i);
    add_address(list, AF_INET, &four, i);
  }
  stralloc_free(&four);
  stralloc_free(&six);
  return together(r4, r6, list->count);
}
