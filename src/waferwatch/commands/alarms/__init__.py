"""The commands on alarms and on the channels that are told of them."""
