# man/: one page per program, control file and file format.
dist_man_MANS += %D%/owl-queue.8
dist_man_MANS += %D%/owl-send.8
dist_man_MANS += %D%/owl-start.8
dist_man_MANS += %D%/owlq.8
dist_man_MANS += %D%/owl-remote.8
dist_man_MANS += %D%/owl-rspawn.8
dist_man_MANS += %D%/owlpost-agent.7
