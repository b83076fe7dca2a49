"""What is heard where: rendered scenes with exact truth, and the model that fuses the cues of movement into events."""
