#include "config.h"
#include "lib/injectorreply.h"
#include "lib/exitcode.h"

struct explanation {
  int code;
  uint64_t reply_code;
  const char *status, *text;
};

static const struct explanation explanations[] = {
  {INJECTOR_OK, 250, "2.0.0", "ok"},
  {INJECTOR_ADDRESS_TOO_LONG, 550, "5.1.0", "envelope address too long for the queue"},
  {115, 550, "5.1.0", "envelope address too long for the queue"},
  {INJECTOR_REFUSED, 554, "5.7.0", "mail server refuses to accept this message"},
  {INJECTOR_NO_MEMORY, 451, "4.3.0", "the queue is out of memory"},
  {INJECTOR_TIMEOUT, 451, "4.3.0", "the queue timed out"},
  {INJECTOR_WRITE_ERROR, 452, "4.3.1", "the queue has no space, or cannot be written"},
  {INJECTOR_READ_ERROR, 451, "4.3.0", "the queue was unable to read the message or envelope"},
  {INJECTOR_CONFIGURATION, 451, "4.3.0", "the queue is unable to read its configuration"},
  {INJECTOR_NETWORK, 451, "4.3.0", "the queue has a problem with the network"},
  {INJECTOR_HOME, 451, "4.3.0", "the queue's home is missing"},
  {INJECTOR_QUEUE_FOLDER, 451, "4.3.0", "the queue's folder is missing"},
  {INJECTOR_QUEUE_FILE, 451, "4.3.0", "the queue cannot create a file"},
  {INJECTOR_REFUSED_NOW, 451, "4.7.0", "mail server refuses this message for now"},
  {INJECTOR_TEXT, 451, "4.7.0", "a filter refuses this message for now"},
  {INJECTOR_TEXT_PERMANENT, 554, "5.7.0", "a filter refuses this message"},
  {INJECTOR_ENVELOPE, 451, "4.3.0", "the queue was given a malformed envelope"},
  {INJECTOR_EXEC, 451, "4.3.0", "unable to start the queue's injector"},
};

/* 11 to 40 are permanent, everything else is temporary */
static struct explanation unlisted(int code) {
  return code >= 11 && code <= 40
           ? (struct explanation){code, 554, "5.3.0", "the queue refuses this message"}
           : (struct explanation){code, 451, "4.3.0", "the queue had a temporary problem"};
}

/* Filters for qmail put D (for good) or Z (for now) in front of their text,
 * whichever of the two codes they exit with. */
static void take_letter(int *code, struct text *custom) {
  bool asked = *code == INJECTOR_TEXT || *code == INJECTOR_TEXT_PERMANENT;
  if (!asked || custom->len < 2 || (custom->s[0] != 'D' && custom->s[0] != 'Z')) return;
  *code = custom->s[0] == 'D' ? INJECTOR_TEXT_PERMANENT : INJECTOR_TEXT;
  custom->s++;
  custom->len--;
}

struct result injector_explain(int code, struct text custom) {
  take_letter(&code, &custom);
  struct explanation e = unlisted(code);
  struct result r = {0};
  for (size_t i = 0; i < sizeof explanations / sizeof explanations[0]; i++)
    if (explanations[i].code == code) e = explanations[i];
  r.class = code == 0 ? RESULT_SUCCESS : e.status[0] == '5' ? RESULT_FAILURE : RESULT_DEFERRAL;
  r.reply_code = e.reply_code;
  r.status = text_of(e.status);
  r.text = custom.len ? custom : text_of(e.text);
  return r;
}
