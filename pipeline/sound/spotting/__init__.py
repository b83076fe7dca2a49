"""What is heard, when, where and how loud."""
