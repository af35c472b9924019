"""SIP without sockets: parsing, transactions, answers."""
