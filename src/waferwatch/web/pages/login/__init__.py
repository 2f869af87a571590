"""Who may come in: the token, the page that asks for it, and the session it opens."""
