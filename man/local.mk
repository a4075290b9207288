# man/: one page per program, control file and file format.
dist_man_MANS += %D%/dot-qmail.5
dist_man_MANS += %D%/owl-local.8
dist_man_MANS += %D%/owl-lspawn.8
dist_man_MANS += %D%/owl-queue.8
dist_man_MANS += %D%/owl-remote.8
dist_man_MANS += %D%/owl-rspawn.8
dist_man_MANS += %D%/owl-send.8
dist_man_MANS += %D%/owl-start.8
dist_man_MANS += %D%/owlpost-agent.7
dist_man_MANS += %D%/owlq.8
dist_man_MANS += %D%/owlpost-control.5
dist_man_MANS += %D%/owlpost-queue.5
dist_man_MANS += %D%/owlpost-ctl.7
dist_man_MANS += %D%/owlpost.7
