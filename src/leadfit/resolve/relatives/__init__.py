"""Accounts of one group: parents, the domains they hold, and names that tell of a relative."""
