# login/: what servers of mailboxes do until somebody has logged in.  Own user.
# Reads the network; may ask owl-authd, owl-tlsd and owl-lspawn; the half that
# parses may do nothing.
noinst_LIBRARIES += %D%/liblogin.a
%C%_liblogin_a_SOURCES = \
  %D%/channel.h %D%/channel.c \
  %D%/door.h %D%/door.c \
  %D%/doorkeeper.h %D%/doorkeeper.c \
  %D%/event.h %D%/event.c \
  %D%/opening.h %D%/opening.c \
  %D%/secure.h %D%/secure.c \
  %D%/session.h %D%/session.c \
  %D%/settings.h %D%/settings.c
