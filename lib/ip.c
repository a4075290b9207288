#include "config.h"
#include "lib/ip.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static bool parse(struct ip *ip, int family, struct text t) {
  char copy[IP_TEXT_MAX];
  if (t.len >= sizeof copy) return false;
  memcpy(copy, t.s, t.len);
  copy[t.len] = 0;
  *ip = (struct ip){.family = family};
  if (strlen(copy) != t.len || inet_pton(family, copy, ip->octets) != 1) return false;
  ip_unmap(ip);
  return true;
}

static bool cut_tag(struct text *t) {
  static const char tag[] = "IPv6:";
  struct text head = {t->s, sizeof tag - 1};
  if (t->len < head.len || !text_equal_nocase(head, text_of(tag))) return false;
  *t = (struct text){t->s + head.len, t->len - head.len};
  return true;
}

bool ip_parse_literal(struct ip *ip, struct text t, bool bare) {
  bool brackets = t.len > 2 && t.s[0] == '[' && t.s[t.len - 1] == ']';
  if (!brackets && !bare) return false;
  if (brackets) t = (struct text){t.s + 1, t.len - 2};
  if (cut_tag(&t)) return parse(ip, AF_INET6, t);
  return parse(ip, AF_INET, t) || (bare && parse(ip, AF_INET6, t));
}

static size_t octets_of(const struct ip *ip) { return ip->family == AF_INET ? 4 : 16; }

/* FNV-1a */
uint32_t ip_hash(const struct ip *ip) {
  uint32_t h = 2166136261u;
  for (size_t i = 0; i < octets_of(ip); i++) h = (h ^ ip->octets[i]) * 16777619u;
  return h;
}

bool ip_equal(const struct ip *a, const struct ip *b) {
  return a->family == b->family && memcmp(a->octets, b->octets, octets_of(a)) == 0;
}

void ip_unmap(struct ip *ip) {
  static const unsigned char prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (ip->family != AF_INET6 || memcmp(ip->octets, prefix, sizeof prefix) != 0) return;
  ip->family = AF_INET;
  memmove(ip->octets, ip->octets + sizeof prefix, 4);
}

bool ip_from_sockaddr(struct ip *ip, const struct sockaddr *a) {
  *ip = (struct ip){.family = a->sa_family};
  if (a->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, a, sizeof in);
    memcpy(ip->octets, &in.sin_addr, 4);
  } else if (a->sa_family == AF_INET6) {
    struct sockaddr_in6 in6;
    memcpy(&in6, a, sizeof in6);
    memcpy(ip->octets, &in6.sin6_addr, 16);
  } else
    return false;
  ip_unmap(ip);
  return true;
}

socklen_t ip_to_sockaddr(struct sockaddr_storage *to, const struct ip *ip, unsigned port) {
  *to = (struct sockaddr_storage){0};
  if (ip->family == AF_INET) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    memcpy(&in.sin_addr, ip->octets, 4);
    memcpy(to, &in, sizeof in);
    return sizeof in;
  }
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  memcpy(&in6.sin6_addr, ip->octets, 16);
  memcpy(to, &in6, sizeof in6);
  return sizeof in6;
}

bool ip_is_loopback(const struct ip *ip) {
  static const unsigned char one[16] = {[15] = 1};
  return ip->family == AF_INET ? ip->octets[0] == 127 : ip->family == AF_INET6 && memcmp(ip->octets, one, sizeof one) == 0;
}

bool ip_is_unspecified(const struct ip *ip) {
  static const unsigned char zero[16];
  return memcmp(ip->octets, zero, octets_of(ip)) == 0;
}

void ip_format(const struct ip *ip, char to[IP_TEXT_MAX]) {
  if (!inet_ntop(ip->family, ip->octets, to, IP_TEXT_MAX)) to[0] = 0;
}
