"""`penstock serve` and `penstock cgi`: what is refused, the plan of a server, and what it says."""
