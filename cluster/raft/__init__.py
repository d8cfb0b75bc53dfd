"""Raft as a pure state machine: messages, time and finished writes in, one `Ready` out. Begin with core.py."""
