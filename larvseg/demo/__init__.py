"""`larvseg demo`: a page on this machine that segments the picture that is dropped on it."""
