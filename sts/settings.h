/* settings.h - owl-sts's control files (owlpost-control(5)), read without libowfat */
#ifndef OWL_STS_SETTINGS_H
#define OWL_STS_SETTINGS_H

enum { SETTINGS_PATH = 1024 };

struct settings {
  char remotedir[SETTINGS_PATH];
  char authorities[SETTINGS_PATH]; /* PEM */
  unsigned timeout_s;
};

/* settings_read(): 0, or -1 after it has said what is wrong. */
int settings_read(struct settings *s);

#endif
