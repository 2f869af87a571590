"""One detection, or a comparison of several, over one table: the library's, the command line's and the page's way in."""
