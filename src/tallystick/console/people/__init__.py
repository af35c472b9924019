"""Who works here: accounts, passwords, codes, roles, and how they come in."""
