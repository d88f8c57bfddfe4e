"""Readers of robots' files: MJCF and URDF as one `Description`."""
