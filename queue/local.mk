# queue/
