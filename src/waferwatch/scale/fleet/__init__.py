"""What is joined over the units of an equipment, and over the equipment of a fleet."""
