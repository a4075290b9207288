/* suites.h - what both directions offer, unless the site says otherwise
 *
 * Mozilla "intermediate", version 5.7, in its order for both versions: OpenSSL's own
 * for TLS 1.3 begins with AES-256, whose SHA-384 most processors have no help for.
 */
#ifndef OWL_TLS_SUITES_H
#define OWL_TLS_SUITES_H

#define SUITES_INTERMEDIATE                                                                          \
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"         \
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"           \
  "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305"

#define SUITES_1_3 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

#define SUITES_GROUPS "X25519:P-256:P-384"

#endif
