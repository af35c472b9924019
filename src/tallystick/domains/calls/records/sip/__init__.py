"""SIP without sockets: messages, the numbers in them, the calls they make up."""
