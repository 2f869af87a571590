"""Sources that listen to a fab's bus or to a tool: MQTT, Kafka, SECS/GEM. Each needs an extra of its own."""
