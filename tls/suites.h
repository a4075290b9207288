/* suites.h - what both directions offer, unless the site says otherwise
 *
 * Mozilla "intermediate", version 5.7.  For TLS 1.3 OpenSSL's three are the same.
 */
#ifndef OWL_TLS_SUITES_H
#define OWL_TLS_SUITES_H

#define SUITES_INTERMEDIATE                                                                          \
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"         \
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"           \
  "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305"

#define SUITES_GROUPS "X25519:P-256:P-384"

#endif
