"""A small account service: register, log in, ask who you are, log out."""
