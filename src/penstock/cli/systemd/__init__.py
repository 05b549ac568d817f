"""`penstock systemd`: unit files that fit the configuration."""
