/* injectauthor.h - who sends, and what makes addresses complete
 *
 * From the environment, which is the caller's own word, and the control files
 * defaultdomain, defaulthost, idhost and plusdomain (owl-inject(8)).
 */
#ifndef OWL_QUEUE_INJECTAUTHOR_H
#define OWL_QUEUE_INJECTAUTHOR_H

#include "lib/addrlist.h"
#include "lib/control.h"
#include "queue/inject/outcome.h"

struct injectauthor {
  stralloc address; /* complete, quoting taken away */
  stralloc name;    /* empty: none */
  stralloc sender;  /* the envelope's, unless something else gives one */
  stralloc default_host, default_domain, plus_domain, id_host;
  /* letters of QMAILINJECT */
  bool name_in_comment; /* c */
  bool own_sender;      /* s: do not look at Return-Path */
  bool own_from;        /* f: drop From */
  bool own_id;          /* i: drop Message-ID */
  bool verp;            /* r: each recipient's address is put into the sender */
  /* QMAILMFTFILE: mailing lists whose mail gets a Mail-Followup-To */
  struct list lists;
};

/* injectauthor_load(): *a must be zeroed.  Reads the clock for QMAILINJECT's m. */
enum inject_outcome injectauthor_load(struct injectauthor *a, struct control *c, stralloc *why);

struct addrlist_completion injectauthor_completion(const struct injectauthor *a);

void injectauthor_free(struct injectauthor *a);

#endif
