"""What revenue outcomes say about an ideal customer profile. Needs the extra ``learn``."""
