/* ip.h - IPv4 and IPv6 addresses
 */
#ifndef OWL_IP_H
#define OWL_IP_H

#include <stdint.h>
#include <sys/socket.h>
#include "lib/text.h"

enum { IP_TEXT_MAX = 64 };

struct ip {
  int family; /* AF_INET or AF_INET6 */
  unsigned char octets[16]; /* 4 or 16 of them */
};

/* ip_parse_literal(): an address literal, [1.2.3.4] or [IPv6:...] (RFC 5321
 * 4.1.3), or when bare is set also without brackets or without the tag. */
bool ip_parse_literal(struct ip *ip, struct text t, bool bare);

/* ip_hash(): for tables; whoever chooses addresses can make them collide. */
uint32_t ip_hash(const struct ip *ip);

bool ip_equal(const struct ip *a, const struct ip *b);

/* ip_from_sockaddr(): false for other families.  An IPv4 address in IPv6 form
 * becomes an IPv4 one. */
bool ip_from_sockaddr(struct ip *ip, const struct sockaddr *a);

/* ip_to_sockaddr(): returns the length. */
socklen_t ip_to_sockaddr(struct sockaddr_storage *to, const struct ip *ip, unsigned port);

/* ip_unmap(): an IPv4 address in IPv6 form becomes an IPv4 one. */
void ip_unmap(struct ip *ip);

/* ip_is_loopback(): 127.0.0.0/8 or ::1. */
bool ip_is_loopback(const struct ip *ip);

/* ip_is_unspecified(): 0.0.0.0 or ::, which connect to this host. */
bool ip_is_unspecified(const struct ip *ip);

void ip_format(const struct ip *ip, char to[IP_TEXT_MAX]);

#endif
