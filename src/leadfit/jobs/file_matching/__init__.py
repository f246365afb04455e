"""Records of files matched: which are one, which lead is of which account, labelled pairs."""
