"""Sizes of face crops; apart from the net, so that looking for faces does not load torch."""

# what the net sees; the face box is 80 of these
CROP_PX = 112
# what is cut out and kept, so that training can shift before it crops
CUT_PX = 144
# side of a cut over the side of the face box: room for hair, chin and what is beside the cheeks
CUT_REACH = 1.8
