"""The language: its programs, how Python becomes one, their derivatives. It knows no compiler."""
