"""`penstock doctor`: facts of the machine and the configuration, rules that judge them, what they found."""
