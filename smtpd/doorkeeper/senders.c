#include "config.h"
#include "smtpd/doorkeeper/senders.h"
#include "lib/idn.h"
#include "smtpd/doorkeeper/match.h"

/* In either form of its domain: a line for one is not passed by with the other.  As
 * senders_refuse(). */
static int find_sender(const struct list *l, struct text sender, const struct list_line **line) {
  struct idn_forms forms;
  *line = match_address(l, sender);
  if (*line || l->count == 0) return 0;
  size_t count = idn_forms(&forms, sender);
  for (size_t i = 1; !*line && i < count; i++) *line = match_address(l, text_of_stralloc(&forms.address[i]));
  idn_forms_free(&forms);
  return count ? 0 : -1;
}

int senders_refuse(const struct settings *s, struct text helo, struct text sender, struct facts *f, const char **why) {
  const struct list_line *line;
  *why = "sorry, the name that you greet with is in my list of refused names";
  if (s->badhelo.count && match_note(f, "badhelo", match_name(&s->badhelo, helo), helo)) return 1;
  if (!sender.len) return 0;
  if (find_sender(&s->badmailfrom, sender, &line) == -1) return -1;
  *why = "sorry, your envelope sender is in my list of refused senders";
  return match_note(f, "badmailfrom", line, sender) ? 1 : 0;
}
