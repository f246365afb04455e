"""The past of a workspace: imported, kept, put together with what happened here since."""
