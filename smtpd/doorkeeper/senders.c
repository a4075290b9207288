#include "config.h"
#include "smtpd/doorkeeper/senders.h"
#include "lib/idn.h"
#include "smtpd/doorkeeper/match.h"

/* In either form of its domain: a line for one is not passed by with the other. */
static const struct list_line *find_sender(const struct list *l, struct text sender) {
  struct idn_forms forms;
  const struct list_line *line = match_address(l, sender);
  if (line || l->count == 0) return line;
  size_t count = idn_forms(&forms, sender);
  for (size_t i = 1; !line && i < count; i++) line = match_address(l, text_of_stralloc(&forms.address[i]));
  idn_forms_free(&forms);
  return line;
}

const char *senders_refuse(const struct settings *s, struct text helo, struct text sender,
                           struct facts *f) {
  if (s->badhelo.count && match_note(f, "badhelo", match_name(&s->badhelo, helo), helo))
    return "sorry, the name that you greet with is in my list of refused names";
  if (sender.len && match_note(f, "badmailfrom", find_sender(&s->badmailfrom, sender), sender))
    return "sorry, your envelope sender is in my list of refused senders";
  return NULL;
}
