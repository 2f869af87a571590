"""Problems: what goes wrong again and again is one line."""
