"""What keeps others out: cookies, forged requests, headers, limits."""
