"""`penstock config`, and the manual's pages: every option with its value, default and reason."""
