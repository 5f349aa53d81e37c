"""Steps that bring a review store of an earlier version to this one."""
