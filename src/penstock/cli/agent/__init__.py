"""`penstock agent`: one for a whole machine, and how agents do."""
