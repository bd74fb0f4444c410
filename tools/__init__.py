"""Tools that build and check the book; readers do not need them."""
