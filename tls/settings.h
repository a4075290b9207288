/* settings.h - owl-tlsd's control files (owlpost-control(5)), read without libowfat */
#ifndef OWL_TLS_SETTINGS_H
#define OWL_TLS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

enum {
  SETTINGS_PATH = 1024,
  SETTINGS_CERTIFICATES = 64,
  SETTINGS_CIPHERS = 1024,
  SETTINGS_ERROR = 1500
};

/* Paths are absolute; "" is none. */
struct certificate_files {
  char certificate[SETTINGS_PATH]; /* PEM: the certificate, then its chain */
  char key[SETTINGS_PATH];
  char staple[SETTINGS_PATH];      /* an OCSP answer, DER */
};

struct tls_side {
  char ciphers[SETTINGS_CIPHERS]; /* "": the default */
  char minversion[8];
};

struct settings {
  char me[256];
  char rundir[SETTINGS_PATH];
  struct certificate_files certificates[SETTINGS_CERTIFICATES];
  unsigned count;
  struct tls_side server, client;
  char authorities[SETTINGS_PATH];        /* "": the system's */
  char client_authorities[SETTINGS_PATH]; /* "": none */
  char client_certificate[SETTINGS_PATH]; /* "": none; with its key */
  unsigned handshake_s, sessions_max, ticket_s;
};

/* settings_read(): 0, or -1 with a sentence in error. */
int settings_read(struct settings *s, char error[SETTINGS_ERROR]);

#endif
