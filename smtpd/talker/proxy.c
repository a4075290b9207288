#include "config.h"
#include "smtpd/talker/proxy.h"
#include <string.h>
#include "lib/bigendian.h"

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";

enum {
  SIGNATURE_OCTETS = sizeof signature - 1,
  FIXED_OCTETS = SIGNATURE_OCTETS + 4,
  VERSION_2 = 0x20,
  COMMAND_LOCAL = 0,
  COMMAND_PROXY = 1,
  TCP_OVER_IPV4 = 0x11,
  TCP_OVER_IPV6 = 0x21
};

static bool take_port(unsigned *port, struct text t) {
  uint64_t number;
  if (t.len > 5 || (t.len > 1 && t.s[0] == '0')) return false;
  if (text_uint(t, &number) == -1 || number > 65535) return false;
  *port = (unsigned)number;
  return true;
}

static bool take_address(struct ip *ip, bool is_ipv6, struct text t) {
  if (t.len == 0 || !memchr(t.s, is_ipv6 ? ':' : '.', t.len)) return false;
  if (memchr(t.s, '[', t.len) || text_equal_nocase((struct text){t.s, t.len < 5 ? t.len : 5}, text_of("IPv6:")))
    return false;
  return ip_parse_literal(ip, t, true);
}

/* Behind "PROXY ", without CRLF. */
static enum proxy_status take_fields(struct proxy *p, struct text line) {
  struct text family, fields[4] = {{NULL, 0}};
  text_cut(&line, ' ', &family);
  if (text_equals(family, "UNKNOWN")) return PROXY_OK; /* whatever follows */
  bool is_ipv6 = text_equals(family, "TCP6");
  if (!is_ipv6 && !text_equals(family, "TCP4")) return PROXY_MALFORMED;
  for (unsigned i = 0; i < 4; i++)
    if (!text_cut(&line, ' ', &fields[i])) return PROXY_MALFORMED;
  p->named = !line.s && take_address(&p->remote, is_ipv6, fields[0]) && take_address(&p->local, is_ipv6, fields[1]) &&
             take_port(&p->remote_port, fields[2]) && take_port(&p->local_port, fields[3]);
  return p->named ? PROXY_OK : PROXY_MALFORMED;
}

static enum proxy_status parse_line(struct proxy *p, struct text in) {
  static const char word[] = "PROXY ";
  struct text head = {in.s, in.len < sizeof word - 1 ? in.len : sizeof word - 1};
  if (memcmp(word, head.s, head.len) != 0) return PROXY_MALFORMED;
  const char *newline = memchr(in.s, '\n', in.len < PROXY_HEAD_MAX ? in.len : PROXY_HEAD_MAX);
  if (!newline) return in.len < PROXY_HEAD_MAX ? PROXY_MORE : PROXY_MALFORMED;
  p->octets = (size_t)(newline - in.s) + 1;
  struct text line = {in.s + head.len, p->octets - head.len - 1};
  if (line.len == 0 || line.s[line.len - 1] != '\r') return PROXY_MALFORMED;
  line.len--;
  return text_is_clean(line) ? take_fields(p, line) : PROXY_MALFORMED;
}

static void take_binary(struct ip *ip, int family, const char *octets, size_t len) {
  *ip = (struct ip){.family = family};
  memcpy(ip->octets, octets, len);
  ip_unmap(ip);
}

/* Two addresses of len octets and two ports. */
static enum proxy_status take_pair(struct proxy *p, struct text in, int family, size_t len) {
  const char *at = in.s + FIXED_OCTETS;
  size_t size = 2 * len + 4;
  if (p->octets < FIXED_OCTETS + size) return PROXY_MALFORMED;
  if (in.len < FIXED_OCTETS + size) return PROXY_MORE;
  take_binary(&p->remote, family, at, len);
  take_binary(&p->local, family, at + len, len);
  p->remote_port = get_u16(at + 2 * len);
  p->local_port = get_u16(at + 2 * len + 2);
  p->named = true;
  return PROXY_OK;
}

static enum proxy_status parse_binary(struct proxy *p, struct text in) {
  size_t known = in.len < SIGNATURE_OCTETS ? in.len : SIGNATURE_OCTETS;
  if (memcmp(signature, in.s, known) != 0) return PROXY_MALFORMED;
  if (in.len < FIXED_OCTETS) return PROXY_MORE;
  unsigned char what = (unsigned char)in.s[SIGNATURE_OCTETS], family = (unsigned char)in.s[SIGNATURE_OCTETS + 1];
  p->octets = FIXED_OCTETS + get_u16(in.s + SIGNATURE_OCTETS + 2);
  if (what == (VERSION_2 | COMMAND_LOCAL)) return PROXY_OK;
  if (what != (VERSION_2 | COMMAND_PROXY)) return PROXY_MALFORMED;
  if (family == 0) return PROXY_OK; /* UNSPEC */
  if (family == TCP_OVER_IPV4) return take_pair(p, in, AF_INET, 4);
  return family == TCP_OVER_IPV6 ? take_pair(p, in, AF_INET6, 16) : PROXY_MALFORMED;
}

enum proxy_status proxy_parse(struct proxy *p, struct text in) {
  *p = (struct proxy){0};
  if (in.len == 0) return PROXY_MORE;
  return in.s[0] == signature[0] ? parse_binary(p, in) : parse_line(p, in);
}
