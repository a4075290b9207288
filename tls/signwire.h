/* signwire.h - what handshake children ask of the signer
 *
 * One packet of a SOCK_SEQPACKET pair each way; both ends are one program, so
 * that the structs travel as they are.  The signer believes nothing in a question.
 */
#ifndef OWL_TLS_SIGNWIRE_H
#define OWL_TLS_SIGNWIRE_H

#include <stdint.h>

enum { SIGN_OCTETS = 1024 }; /* of an RSA key with 8192 bits */

enum sign_operation {
  SIGN_RSA_PKCS1 = 1, /* octets: a DigestInfo (RFC 8017 9.2) */
  SIGN_RSA_RAW,       /* octets: as long as the modulus, an EMSA-PSS encoding (RFC 8017 9.1) */
  SIGN_EC             /* octets: a digest */
};

struct sign_question {
  uint32_t identity; /* the how-manieth of the signer's */
  uint32_t operation;
  uint32_t len;
  unsigned char octets[SIGN_OCTETS];
};

struct sign_answer {
  uint32_t len; /* 0: refused */
  unsigned char octets[SIGN_OCTETS];
};

#endif
