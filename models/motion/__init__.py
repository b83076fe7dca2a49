"""How things move, as an encoder's motion vectors tell it: figures, training, coefficients."""
