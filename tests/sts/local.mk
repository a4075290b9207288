# tests/sts/: asks for policies as the connector does.
noinst_PROGRAMS += %D%/stsask
%C%_stsask_LDADD = remote/libremote.a lib/libowl.a $(OWFAT_LIBS) $(CARES_LIBS) $(NETTLE_LIBS)
