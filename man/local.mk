# man/: one page per program, control file and file format.
dist_man_MANS += %D%/owl-queue.8
dist_man_MANS += %D%/owl-send.8
dist_man_MANS += %D%/owl-start.8
dist_man_MANS += %D%/owlq.8
dist_man_MANS += %D%/owl-inject.8
dist_man_MANS += %D%/sendmail.8
