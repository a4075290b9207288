#include "config.h"
#include "queue/inject/author.h"
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/iofd.h"

static const char *first_given(const char *const *names) {
  for (; *names; names++) {
    const char *value = getenv(*names);
    if (value && *value) return value;
  }
  return NULL;
}

static const char *const user_names[] = {"QMAILUSER", "MAILUSER", "USER", "LOGNAME", NULL};
static const char *const host_names[] = {"QMAILHOST", "MAILHOST", NULL};
static const char *const person_names[] = {"QMAILNAME", "MAILNAME", "NAME", NULL};
static const char *const sender_user_names[] = {"QMAILSUSER", NULL};
static const char *const sender_host_names[] = {"QMAILSHOST", NULL};

/* Programs that the system starts often lack USER and LOGNAME. */
static const char *user_name(void) {
  const char *given = first_given(user_names);
  if (given) return given;
  const struct passwd *p = getpwuid(getuid());
  return p && *p->pw_name ? p->pw_name : "anonymous";
}

/* An empty name means: none, whatever the next variable says. */
static int load_name(stralloc *name) {
  const char *value = NULL;
  for (const char *const *n = person_names; *n && !value; n++) value = getenv(*n);
  return stralloc_copys(name, value ? value : "") ? 0 : -1;
}

static const struct default_row {
  const char *variable;
  enum control_name control;
  size_t member;
} defaults[] = {
  {"QMAILDEFAULTDOMAIN", CONTROL_DEFAULTDOMAIN, offsetof(struct injectauthor, default_domain)},
  {"QMAILDEFAULTHOST", CONTROL_DEFAULTHOST, offsetof(struct injectauthor, default_host)},
  {"QMAILIDHOST", CONTROL_IDHOST, offsetof(struct injectauthor, id_host)},
  {"QMAILPLUSDOMAIN", CONTROL_PLUSDOMAIN, offsetof(struct injectauthor, plus_domain)},
};

static enum inject_outcome load_default(struct injectauthor *a, const struct default_row *row,
                                        struct control *c, stralloc *why) {
  stralloc *to = (stralloc *)(void *)((char *)a + row->member);
  const char *given = getenv(row->variable);
  if (given && *given) return stralloc_copys(to, given) ? INJECT_OK : inject_no_memory(why);
  if (control_text(c, row->control, to) == -1)
    return inject_fail(why, INJECT_TEMPORARY, "", text_of(c->error.s));
  return INJECT_OK;
}

static enum inject_outcome load_defaults(struct injectauthor *a, struct control *c, stralloc *why) {
  enum inject_outcome o = INJECT_OK;
  for (size_t i = 0; i < sizeof defaults / sizeof defaults[0] && o == INJECT_OK; i++)
    o = load_default(a, &defaults[i], c, why);
  return o;
}

/* *out = user '@' host in full.  An absent host is the default one. */
static int make_address(stralloc *out, const char *user, const char *host, const struct injectauthor *a) {
  struct addrlist_completion c = injectauthor_completion(a);
  if (!stralloc_copys(out, user) || !stralloc_cats(out, "@")) return -1;
  return addrlist_cat_domain(out, text_of(host), &c);
}

/* Letter m: the sender tells this message from others. */
static int cat_message_number(stralloc *user) {
  uint64_t seconds = clock_wall_us(&clock_system) / 1000000u;
  if (!stralloc_cats(user, "-") || text_cat_uint(user, seconds) == -1) return -1;
  return stralloc_cats(user, ".") && text_cat_uint(user, (uint64_t)getpid()) == 0 ? 0 : -1;
}

/* The sender; letter r: in the form that gets each recipient's address put in. */
static int make_sender(struct injectauthor *a, const char *user, const char *host, const char *letters) {
  stralloc local = {0};
  int r = -1;
  if (stralloc_copys(&local, user) && (!strchr(letters, 'm') || cat_message_number(&local) == 0) &&
      (!a->verp || stralloc_cats(&local, "-")) && stralloc_0(&local) &&
      make_address(&a->sender, local.s, host, a) == 0)
    r = a->verp && !stralloc_cats(&a->sender, "-@[]") ? -1 : 0;
  stralloc_free(&local);
  return r;
}

static enum inject_outcome load_addresses(struct injectauthor *a, const char *letters, stralloc *why) {
  const char *user = user_name(), *host = first_given(host_names);
  const char *sender_user = first_given(sender_user_names), *sender_host = first_given(sender_host_names);
  if (make_address(&a->address, user, host, a) == -1 ||
      make_sender(a, sender_user ? sender_user : user, sender_host ? sender_host : host, letters) == -1)
    return inject_no_memory(why);
  if (!text_is_clean(text_of_stralloc(&a->address)) || !text_is_clean(text_of_stralloc(&a->sender)))
    return inject_fail(why, INJECT_MALFORMED, "a control octet in the user or host name ",
                       text_of_stralloc(&a->address));
  return INJECT_OK;
}

static enum inject_outcome fail_file(stralloc *why, const char *path) {
  const char *reason = strerror(errno);
  inject_fail(why, INJECT_TEMPORARY, "unable to read ", text_of(path));
  (void)(stralloc_cats(why, ": ") && stralloc_cats(why, reason));
  return INJECT_TEMPORARY;
}

static enum inject_outcome load_lists(struct injectauthor *a, stralloc *why) {
  const char *path = getenv("QMAILMFTFILE");
  stralloc octets = {0};
  enum inject_outcome o = INJECT_OK;
  if (!path || !*path) return INJECT_OK;
  if (io_slurp_file(path, &octets, CONTROL_FILE_MAX) == -1) o = errno == ENOENT ? INJECT_OK : fail_file(why, path);
  else if (list_parse(&a->lists, text_of_stralloc(&octets)) == -1) o = inject_no_memory(why);
  stralloc_free(&octets);
  return o;
}

enum inject_outcome injectauthor_load(struct injectauthor *a, struct control *c, stralloc *why) {
  const char *given = getenv("QMAILINJECT"), *letters = given ? given : "";
  a->name_in_comment = strchr(letters, 'c');
  a->own_sender = strchr(letters, 's');
  a->own_from = strchr(letters, 'f');
  a->own_id = strchr(letters, 'i');
  a->verp = strchr(letters, 'r');
  if (load_name(&a->name) == -1) return inject_no_memory(why);
  enum inject_outcome o = load_defaults(a, c, why);
  if (o == INJECT_OK) o = load_addresses(a, letters, why);
  if (o == INJECT_OK) o = load_lists(a, why);
  return o;
}

struct addrlist_completion injectauthor_completion(const struct injectauthor *a) {
  return (struct addrlist_completion){text_of_stralloc(&a->default_host),
                                      text_of_stralloc(&a->default_domain),
                                      text_of_stralloc(&a->plus_domain)};
}

void injectauthor_free(struct injectauthor *a) {
  stralloc_free(&a->address);
  stralloc_free(&a->name);
  stralloc_free(&a->sender);
  stralloc_free(&a->default_host);
  stralloc_free(&a->default_domain);
  stralloc_free(&a->plus_domain);
  stralloc_free(&a->id_host);
  list_free(&a->lists);
}
