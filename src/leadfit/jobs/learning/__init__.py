"""What a workspace learns from its own history: artifacts, once a cycle, and its model card."""
