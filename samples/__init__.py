"""The sample clips and the script that renders them; see `render.py`."""
