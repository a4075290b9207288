/* tlswire.h - what is asked of owl-tlsd, and what it answers (owlpost-tls(7))
 *
 * Who wants TLS on a connection connects to owl-tlsd's socket and writes one
 * request, and with its first octet the connection's descriptor (SCM_RIGHTS).
 * owl-tlsd answers with one line of facts; behind the line the same socket
 * carries the plaintext, both ways, until either side closes.  Facts that do
 * not say ok are followed by the end.
 *
 * On the wire each of them is a length (u32, big endian) and a line of
 * NAME=VALUE pairs, one space between them; in values the octets up to space,
 * '%' and those above 126 are written %XX.  A name that is not known is
 * malformed: both ends are of one release.
 *
 * Plain C, without libowfat, since owl-tlsd links OpenSSL.  Both directions are
 * hostile: the facts come from the process that reads the network.
 */
#ifndef OWL_TLSWIRE_H
#define OWL_TLSWIRE_H

#include <stdbool.h>
#include <stddef.h>

enum {
  TLSWIRE_MAX = 65536, /* octets of a line */
  TLSWIRE_NAME_MAX = 255,
  TLSWIRE_NAMES = 8,
  TLSWIRE_FINGERPRINTS = 16,
  TLSWIRE_TLSA = 32,
  TLSWIRE_TLSA_MAX = 2200, /* "3 1 1 HEX" */
  TLSWIRE_TEXT_MAX = 511
};

enum tls_role { TLS_SERVER = 1, TLS_CLIENT = 2 };

/* What a client asks of the certificate that it is shown. */
enum tls_check {
  TLS_CHECK_NOTHING = 0, /* any certificate, or none: privacy from those who only listen */
  TLS_CHECK_NAMES,       /* a chain to a trusted authority (RFC 5280), for one of names (RFC 6125) */
  TLS_CHECK_FINGERPRINT, /* the SHA-256 of certificate or public key is one of fingerprints */
  TLS_CHECK_DANE         /* one of tlsa matches (RFC 7671, 7672); usages other than 2 and 3 do not count */
};

/* Strings are "" where nothing is asked or known. */
struct tls_request {
  unsigned role;         /* enum tls_role */
  unsigned limit_s;      /* for the handshake; 0: owl-tlsd's own */
  char minversion[8];    /* "1.2", "1.3", or "": owl-tlsd's own */
  char ciphers[1024];    /* OpenSSL's form, for TLS 1.2; "": owl-tlsd's own */
  unsigned peer_asked;   /* server: 1: ask for a client certificate */
  /* client */
  unsigned check;        /* enum tls_check */
  char sni[TLSWIRE_NAME_MAX + 1];
  char session[TLSWIRE_NAME_MAX + 1]; /* whose sessions may be resumed: the next hop; "": nobody's.  owl-tlsd
                                         adds all that the check depends on */
  unsigned names_count, fingerprints_count, tlsa_count;
  /* large, and last: most requests use none of it, and no page is touched for it */
  char names[TLSWIRE_NAMES][TLSWIRE_NAME_MAX + 1];
  char fingerprints[TLSWIRE_FINGERPRINTS][65]; /* SHA-256, lower-case hexadecimal */
  char tlsa[TLSWIRE_TLSA][TLSWIRE_TLSA_MAX + 1]; /* USAGE SELECTOR MATCHING HEX */
};

struct tls_facts {
  unsigned ok;
  char error[TLSWIRE_TEXT_MAX + 1];   /* "unable to VERB OBJECT: reason" */
  char result[40];                    /* RFC 8460 4.3, "certificate-expired"; "": not one of those */
  unsigned temporary;                 /* it may go well later: no process, no memory, a peer that went away */
  char version[16];                   /* "TLSv1.3" */
  char cipher[64];                    /* RFC 8314 4.3: "TLS_AES_256_GCM_SHA384", IANA's name */
  unsigned bits;
  unsigned resumed;
  char sni[TLSWIRE_NAME_MAX + 1];     /* server: the name that the client asked for */
  char peer[TLSWIRE_NAME_MAX + 1];    /* the peer's certificate: the name that matched, or its subject's CN, or
                                         its first DNS name or mail address */
  char verified[16];                  /* "", "names", "fingerprint", "dane", or "authority": a client certificate that
                                         tlsclientauthorities vouch for */
  char fingerprint[65];               /* SHA-256 of the peer's certificate, */
  char key_fingerprint[65];           /* and of its public key (SPKI) */
  char exporter[65];                  /* RFC 9266: channel binding "tls-exporter"; TLS 1.2: with the
                                         extended master secret only */
  char endpoint[129];                 /* RFC 5929: "tls-server-end-point" */
};

/* Asks for nothing.  A request is large, and most of it is not used: only the few pages
 * that are looked at are written to. */
void tlswire_clear_request(struct tls_request *r);

/* tlswire_put_...(): the line with its length before it.  The octets stored, or
 * 0: it does not fit. */
size_t tlswire_put_request(char *out, size_t room, const struct tls_request *r);
size_t tlswire_put_facts(char *out, size_t room, const struct tls_facts *f);

/* tlswire_read_...(): the line without its length.  false: malformed. */
bool tlswire_read_request(struct tls_request *r, const char *line, size_t len);
bool tlswire_read_facts(struct tls_facts *f, const char *line, size_t len);

#endif
