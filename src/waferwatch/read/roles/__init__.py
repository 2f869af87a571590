"""Which column is what: names, labels, groups, status, sensors and what the user says of them."""
