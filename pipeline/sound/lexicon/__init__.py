"""What a prompt says about sound, in five languages."""
