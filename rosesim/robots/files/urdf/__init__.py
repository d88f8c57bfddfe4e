"""URDF: links, joints, and the tree that they make."""
