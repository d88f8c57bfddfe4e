from rosesim.diagrams.errors import Fault
def complaint(found, i, accepts): return Fault("ParseError", f"found {found[i]} expected {accepts}", found[i].place)
