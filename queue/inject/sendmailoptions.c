#include "config.h"
#include "queue/inject/sendmailoptions.h"
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "lib/terms.h"
#include "lib/xtext.h"

/* Those with an argument that sendmail, Postfix and qmail know; the meaning of
 * most is passed over. */
static const char letters[] = "+A:B:b:C:cD:d::Ee:F:f:Gh:IiJ:L:M:mN:nO:o:p:Q::q::R:r:sT::tUV:vX:x";

static int fail(stralloc *why, const char *ours, const char *theirs) {
  inject_fail(why, INJECT_USAGE, ours, text_of(theirs));
  return -1;
}

static int take_mode(struct sendmailoptions *o, const char *mode, stralloc *why) {
  static const struct {
    const char *name;
    enum sendmailoptions_mode mode;
  } modes[] = {
    {"m", SENDMAIL_MAIL},    {"s", SENDMAIL_SMTP},   {"p", SENDMAIL_LIST},
    {"i", SENDMAIL_ALIASES}, {"d", SENDMAIL_LISTEN}, {"D", SENDMAIL_LISTEN},
  };
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
    if (strcmp(modes[i].name, mode) == 0) return o->mode = modes[i].mode, 0;
  return fail(why, "no such mode: -b", mode);
}

static uint64_t notify_word(struct text word) {
  static const struct {
    const char *name;
    uint64_t bit;
  } words[] = {{"success", NOTIFY_SUCCESS}, {"failure", NOTIFY_FAILURE}, {"delay", NOTIFY_DELAY}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (text_equal_nocase(word, text_of(words[i].name))) return words[i].bit;
  return 0;
}

static int take_notify(struct sendmailoptions *o, const char *value, stralloc *why) {
  uint64_t set = 0;
  if (strcasecmp(value, "never") == 0) return o->submit.notify = NOTIFY_NEVER, 0;
  for (const char *p = value;; p++) {
    size_t len = strcspn(p, ",");
    uint64_t bit = notify_word((struct text){p, len});
    if (!bit) return fail(why, "not never, or a list of success, failure and delay: -N ", value);
    set |= bit;
    p += len;
    if (!*p) break;
  }
  o->submit.notify = set;
  return 0;
}

static int take_ret(struct sendmailoptions *o, const char *value, stralloc *why) {
  if (strcasecmp(value, "full") == 0) o->submit.ret = RET_FULL;
  else if (strcasecmp(value, "hdrs") == 0) o->submit.ret = RET_HEADERS;
  else return fail(why, "neither full nor hdrs: -R ", value);
  return 0;
}

static int take_envid(struct sendmailoptions *o, const char *value, stralloc *why) {
  stralloc_zero(&o->envid);
  if (strlen(value) > TERMS_ENVID_MAX || xtext_decode(&o->envid, text_of(value)) == -1 ||
      !terms_envid_is_valid(text_of_stralloc(&o->envid)))
    return fail(why, "not an envelope id of 1 to 100 printable characters in xtext (a space is +20, a plus sign +2B): -V ", value);
  o->submit.envid = text_of_stralloc(&o->envid);
  return 0;
}

static void take_body(struct sendmailoptions *o, const char *value) {
  if (strcasecmp(value, "8BITMIME") == 0) o->submit.body = BODY_8BITMIME;
  if (strcasecmp(value, "7BIT") == 0) o->submit.body = BODY_7BIT;
}

/* -oi and -O IgnoreDots=true: all other settings are sendmail's own affair. */
static void take_setting(struct sendmailoptions *o, const char *value) {
  static const char dots[] = "IgnoreDots";
  if (strncasecmp(value, dots, sizeof dots - 1) != 0) return;
  const char *rest = value + sizeof dots - 1;
  if (!*rest || (*rest == '=' && rest[1] && strchr("tTyY1", rest[1]))) o->submit.dot_ends = false;
}

static int take_option(struct sendmailoptions *o, int letter, const char *value, bool *queue_run,
                       stralloc *why) {
  switch (letter) {
    case 'b': return take_mode(o, value, why);
    case 'N': return take_notify(o, value, why);
    case 'R': return take_ret(o, value, why);
    case 'V': return take_envid(o, value, why);
    case 'B': take_body(o, value); break;
    case 'O': take_setting(o, value); break;
    case 'f':
    case 'r': o->submit.sender = value; break;
    case 'F': o->full_name = value; break;
    case 't': o->submit.use_header = true; break;
    case 'o':
      if (*value == 'i') o->submit.dot_ends = false;
      break;
    case 'i': o->submit.dot_ends = false; break;
    case 'I': o->mode = SENDMAIL_ALIASES; break;
    case 'q': *queue_run = true; break;
    case '?': return fail(why, "unknown option, or one without its argument", NULL);
  }
  return 0;
}

static enum sendmailoptions_mode mode_of_name(const char *program) {
  const char *slash = strrchr(program, '/');
  const char *name = slash ? slash + 1 : program;
  if (strcmp(name, "mailq") == 0) return SENDMAIL_LIST;
  return strcmp(name, "newaliases") == 0 ? SENDMAIL_ALIASES : SENDMAIL_MAIL;
}

int sendmailoptions_read(struct sendmailoptions *o, int argc, char **argv, stralloc *why) {
  bool queue_run = false;
  int letter;
  o->mode = mode_of_name(argc > 0 ? argv[0] : "");
  o->submit.dot_ends = true;
  o->submit.use_arguments = o->submit.arguments_are_lists = o->submit.from_is_sender = true;
  opterr = 0;
  optind = 1;
  while ((letter = getopt(argc, argv, letters)) != -1)
    if (take_option(o, letter, optarg, &queue_run, why) == -1) return -1;
  o->submit.arguments = argv + optind;
  if (queue_run && o->mode == SENDMAIL_MAIL && !o->submit.use_header && !argv[optind])
    o->mode = SENDMAIL_NOTHING;
  return 0;
}
