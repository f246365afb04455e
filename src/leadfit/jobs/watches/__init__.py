"""What is looked at again and again: sources, matching and the score; alerts."""
