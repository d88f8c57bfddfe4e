"""The typed program: its nodes and operators, how it is built, walked, checked, printed and interpreted."""
