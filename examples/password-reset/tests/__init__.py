"""Tests that talk to the real service over HTTP and receive its mail over SMTP."""
