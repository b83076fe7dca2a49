"""Content credentials (C2PA): signing what was made, and reading what a file says about itself."""
