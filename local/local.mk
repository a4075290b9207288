# local/
