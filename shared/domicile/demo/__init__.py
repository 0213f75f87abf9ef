"""A small AWS organisation on this machine, and a story that is told in it."""
