"""Who does the work: a server's threads, lanes by destination, processes side by side."""
