"""What reviewers decide: batches, worklists, decisions and how they agree with the network."""
