/* metricfamily.h - one metric of "owlq metrics", with all its samples
 *
 *   family_begin(&f, "messages", "gauge", "Messages in the queue.");
 *   family_sample(&f, (struct label[]){{"state", text_of("waiting")}, {0}}, 7);
 *   family_end(&f);
 *
 * In Prometheus' text format, version 0.0.4, or as a JSON object on a line of
 * its own.  Names that others chose are safe as labels' values, and two that
 * differ never give the same.
 */
#ifndef OWL_OWLQ_METRICFAMILY_H
#define OWL_OWLQ_METRICFAMILY_H

#include "queue/owlq/jsonline.h"

struct label {
  const char *name; /* NULL ends an array of labels */
  struct text value;
};

struct family {
  bool json;
  int code; /* of the first that could not be printed, which has been said; or TOOL_OK */
  const char *name;
  struct jsonline line;
};

/* The name is without "owlpost_", which stands before all of them. */
void family_begin(struct family *f, const char *name, const char *type, const char *help);

/* labels: NULL for none. */
void family_sample(struct family *f, const struct label *labels, uint64_t value);

void family_end(struct family *f);

#endif
