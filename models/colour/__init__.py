"""C1 in colour: how fine, how still and how independent the colour of a picture is beside its brightness."""
