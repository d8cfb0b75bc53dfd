"""The replicated state, an ordered map from bytes to bytes: a checkpoint on disk, and in memory what changed since."""
