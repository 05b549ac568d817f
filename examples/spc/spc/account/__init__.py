"""Who somebody is: passwords, log-in and its throttle, the user of a request, what a role may do."""
