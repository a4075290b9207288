# remote/
