"""Problems with numbers that stay, as engineers merge, split and close them."""
