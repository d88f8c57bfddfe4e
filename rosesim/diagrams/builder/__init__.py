"""Diagrams in Python: shapes, constraints and objectives as calls, without the three languages.

d = Canvas(400, 300)
a, b = d.circle(r=20), d.circle(r=d.free(10, 40))
d.ensure.disjoint(a, b, 10)
picture = d.layout(seed="word")              # a notebook shows it
picture.save("two.svg"), picture[b].center

vec, names <- convert <- handles, verbs <- canvas -> picture
"""
