"""Watching rows as they arrive: source, durable log, acknowledgement, score, alarm, outbox, delivery."""
