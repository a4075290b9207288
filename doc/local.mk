# doc/
EXTRA_DIST += %D%/tour.md %D%/decisions.md %D%/violations.md %D%/security.md %D%/performance.md %D%/durability.md %D%/faults.md %D%/peers.md %D%/fuzzing.md %D%/rfc5321.md %D%/check-full.md
