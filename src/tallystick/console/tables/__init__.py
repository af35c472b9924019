"""Tables that filter, sort, page and export, by links and forms alone."""
